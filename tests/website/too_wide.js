// What reaches over the right edge of the screen, so that the page as a whole has to be scrolled
// sideways: [text], once for each outermost element. A table or a block of code may be scrolled by
// itself. The document's own width does not tell: the theme scrolls `.content` instead.
(() => {
  const edge = window.innerWidth;
  const scrolls = (element) =>
    element &&
    !element.matches(".content") &&
    (["auto", "scroll"].includes(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
  const wide = (element) => element.getBoundingClientRect().right > edge + 0.5;
  return [...document.querySelectorAll(".mobile-header, .mobile-header *, .content, .content *")]
    .filter((element) => wide(element) && !wide(element.parentElement) && !scrolls(element.parentElement))
    .map((element) => (element.innerText ?? element.tagName).slice(0, 60));
})()
