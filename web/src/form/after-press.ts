/**
 * afterPress calls back when no button of the mouse is held. A field is left by a press somewhere else: what is then said at
 * the field moves what stands below, and the press would end beside the button that it began on.
 */
export function afterPress(then: () => void): void {
  if (document.querySelector(':active')) window.addEventListener('mouseup', () => setTimeout(then), { once: true, capture: true });
  else then();
}
