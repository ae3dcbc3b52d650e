// Shows the tip of the mark below the pointer. Each tip says again what the table of its card has.
(() => {
  const tip = document.getElementById("tip");
  const hide = () => { tip.hidden = true; };
  const show = (mark, x, y) => {
    tip.textContent = mark.dataset.tip;
    tip.hidden = false;
    const left = Math.max(8, Math.min(innerWidth - tip.offsetWidth - 8, x - tip.offsetWidth / 2));
    const above = y - tip.offsetHeight - 14;
    tip.style.transform = `translate(${left}px, ${above < 8 ? y + 18 : above}px)`;
  };
  const find = (event) => {
    const mark = event.target.closest && event.target.closest("[data-tip]");
    if (mark) show(mark, event.clientX, event.clientY);
    else hide();
  };
  addEventListener("pointermove", find);
  addEventListener("pointerdown", find);
  addEventListener("scroll", hide, { passive: true });
  addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
})();
