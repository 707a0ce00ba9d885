/* Explorers in the book: names for the widgets' handles and buttons, and a live region.

   The widgets themselves need none of this. Without it a slider has no name for a screen reader,
   and the first state's plain copy stays beside the widget. */
(() => {
  const root = document.documentElement;

  // A question comes before its picture: the plain copy would give the answer away. Should the
  // widgets' scripts not arrive, it is better than nothing.
  root.classList.add("explorer-scripts");
  window.addEventListener("load", () => setTimeout(() => {
    if (!document.querySelector(WIDGET)) root.classList.remove("explorer-scripts");
  }, 8000));

  const WIDGET = ".jupyter-widgets.explorer";
  const set = (element, name, value) => {
    if (element && element.getAttribute(name) !== value) element.setAttribute(name, value);
  };
  const label = (widget) => widget.querySelector(".widget-label")?.textContent.trim() ?? "";

  function nameControls(explorer) {
    for (const empty of explorer.querySelectorAll('[title="null"]')) empty.removeAttribute("title");
    for (const slider of explorer.querySelectorAll(".widget-slider")) {
      const handle = slider.querySelector(".noUi-handle");
      const readout = slider.querySelector(".widget-readout");
      set(handle, "aria-label", label(slider));
      set(handle, "aria-valuetext", readout?.textContent ?? "");
      set(readout, "contenteditable", "false");  // what is typed there goes nowhere
    }
    for (const buttons of explorer.querySelectorAll(".widget-toggle-buttons")) {
      const group = buttons.querySelector("div");
      set(group, "role", "group");
      set(group, "aria-label", label(buttons) || "Your prediction");
      for (const button of group?.children ?? []) {
        set(button, "aria-pressed", String(button.classList.contains("mod-active")));
      }
    }
    for (const play of explorer.querySelectorAll(".widget-play")) {
      // The theme's Font Awesome would replace the icon that the widget wants to change later.
      for (const icon of play.querySelectorAll("i")) set(icon, "data-fa-i2svg", "");
      const name = label(play.parentElement);
      const [toggle, stop, repeat] = play.querySelectorAll("button");
      const playing = toggle?.querySelector(".fa-pause");
      set(toggle, "aria-label", `${playing ? "Pause" : "Play"} ${name}`);
      set(stop, "aria-label", `Stop ${name} and go to the start`);
      set(repeat, "aria-label", `Repeat ${name}`);
    }
  }

  // Say the reply to a new answer, or else the new description, once the reader pauses; a film
  // would say a hundred.
  function announce(explorer) {
    let said = explorer.querySelector(":scope > .explorer-said");
    if (!said) {
      said = document.createElement("p");
      said.className = "explorer-said";
      said.setAttribute("role", "status");
      explorer.append(said);
    }
    const words = (name) => explorer.querySelector(name)?.textContent.trim() ?? "";
    const reply = words(".explorer-reply"), description = words(".explorer-summary");
    clearTimeout(explorer.timer);
    explorer.timer = setTimeout(() => {
      if (reply !== (explorer.reply ?? "")) said.textContent = reply;
      else if (description !== explorer.description) said.textContent = description;
      Object.assign(explorer, { reply, description });
    }, explorer.known ? 600 : 0);
    explorer.known = true;
  }

  function tend(explorer) {
    const copy = explorer.closest(".cell_output")?.querySelector(".explorer-static:not(.explorer-replaced)");
    copy?.classList.add("explorer-replaced");
    nameControls(explorer);
    announce(explorer);
  }

  // Observe from the start: what Font Awesome observes comes second.
  new MutationObserver(() => document.querySelectorAll(WIDGET).forEach(tend)).observe(root, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ["class", "aria-valuetext"],
  });
})();
