/* Small repairs that style sheets cannot make. Nothing here is needed to read a page. */
document.addEventListener("DOMContentLoaded", () => {
  // Formulas and tables wider than a phone scroll sideways: the keyboard reaches those that do.
  // The theme looks after tables too, but before their formulas are typeset.
  const names = {
    'div.math, mjx-container[display="true"]': "Formula",
    ".pst-scrollable-table-container": "Table",
  };
  const reach = () => {
    for (const [selector, name] of Object.entries(names)) {
      for (const element of document.querySelectorAll(selector)) {
        if (element.scrollWidth > element.clientWidth) {
          element.tabIndex = 0;
          element.setAttribute("role", "group");
          element.setAttribute("aria-label", name);
        } else if (element.getAttribute("aria-label") === name) {
          for (const attribute of ["tabindex", "role", "aria-label"]) element.removeAttribute(attribute);
        }
      }
    }
  };
  window.addEventListener("resize", () => setTimeout(reach, 350));  // after the theme
  window.addEventListener("load", () => {
    reach();
    window.MathJax?.startup?.promise?.then(reach);
  });

  // The theme's drawers forget which button opened them.
  for (const side of ["primary", "secondary"]) {
    document.getElementById(`pst-${side}-sidebar-modal`)?.addEventListener("close", () => {
      setTimeout(() => document.querySelector(`.${side}-toggle`)?.focus());
    });
  }

  // Paper is white, whatever the screen shows; what is folded is printed unfolded.
  let theme;
  let folded = [];
  window.addEventListener("beforeprint", () => {
    theme = document.documentElement.dataset.theme;
    document.documentElement.dataset.theme = "light";
    folded = [...document.querySelectorAll("article details:not([open])")];
    for (const details of folded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    document.documentElement.dataset.theme = theme;
    for (const details of folded) details.open = false;
  });
});
