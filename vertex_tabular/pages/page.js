"use strict";
// In an iframe's srcdoc, "#metrics" is an address of the page around it, which a click would load.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  const target = link && document.getElementById(link.hash.slice(1));
  if (!target || location.protocol !== "about:") return;
  event.preventDefault();
  target.scrollIntoView();
  (target.querySelector("h2") ?? target).focus({ preventScroll: true });
});
// There, a page beside this one has no address either.
if (location.protocol === "about:") document.querySelector("nav.pages")?.remove();
// What is wider than the page says so, and that it can be scrolled.
const measure = () => {
  for (const box of document.querySelectorAll(".scroll")) {
    const cut = box.scrollWidth > box.clientWidth + 1;
    box.classList.toggle("cut", cut);
    if (cut) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
};
addEventListener("resize", measure);
addEventListener("toggle", measure, true);
measure();
