/* Two filters above the claims ledger. Without scripts the ledger shows every entry. */
document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("claims-filter");
  if (!place) return;
  const entries = [...document.querySelectorAll(".claims-ledger .claim")];
  const status = document.createElement("p");
  status.setAttribute("role", "status");

  const select = (label, choices) => {
    const box = document.createElement("select");
    for (const [value, text] of choices) box.add(new Option(text, value));
    box.addEventListener("change", filter);
    const wrapper = document.createElement("label");
    wrapper.append(label, " ", box);
    place.append(wrapper);
    return box;
  };

  const verdict = select("Verdict", [["", "all"], ["true", "true"], ["conditional", "conditional"], ["false", "false"]]);
  const source = select("Document", [["", "all"], ["a", "A"], ["b", "B"], ["c", "C"], ["d", "D"]]);
  place.append(status);

  function filter() {
    let shown = 0;
    for (const entry of entries) {
      const fits =
        (!verdict.value || entry.classList.contains(`verdict-${verdict.value}`)) &&
        (!source.value || entry.classList.contains(`document-${source.value}`));
      entry.hidden = !fits;
      shown += fits;
    }
    for (const heading of document.querySelectorAll(".claims-ledger .rubric")) {
      heading.hidden = source.value !== "" && !heading.classList.contains(`document-${source.value}`);
    }
    status.textContent = `${shown} of ${entries.length} claims shown`;
  }
  filter();
});
