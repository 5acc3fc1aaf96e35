/** Styles as a sheet of the browser's own; Lit's `css` would bring more than is used. */
export function css(text: TemplateStringsArray): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text[0] ?? "");
  return sheet;
}
