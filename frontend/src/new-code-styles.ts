/** Looks of "New code". */
import { css } from "./css";

export const newCodeStyles = css`
  fieldset {
    margin: 0 0 12px;
    padding: 0;
    border: 0;
    min-width: 0;
  }
  legend,
  label.field > span {
    display: block;
    margin-bottom: 6px;
    padding: 0;
    font-weight: 500;
  }
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 8px;
  }
  .chip {
    position: relative;
    display: inline-flex;
    align-items: center;
    gap: 6px;
    min-height: 38px;
    padding: 4px 12px;
    border: 1px solid var(--igl-line);
    border-radius: 20px;
    cursor: pointer;
    --mdc-icon-size: 18px;
  }
  .chip input {
    position: absolute;
    inset: 0;
    margin: 0;
    opacity: 0;
    cursor: pointer;
  }
  .chip:has(:checked) {
    border-color: transparent;
    background: var(--igl-tint);
    color: var(--igl-on-tint);
    font-weight: 500;
    box-shadow: inset 0 0 0 2px var(--igl-primary);
  }
  .chip:has(:focus-visible) {
    outline: 2px solid var(--igl-primary);
    outline-offset: 2px;
  }
  .hint {
    margin: 6px 0 0;
    font-size: 12px;
    color: var(--igl-muted);
  }
  label.field {
    display: block;
    margin-top: 10px;
  }
  label.field input {
    width: 100%;
    min-height: 44px;
    padding: 8px 12px;
    font: inherit;
    font-size: 16px;
    color: inherit;
    border: 1px solid var(--igl-line);
    border-radius: 10px;
    background: color-mix(in srgb, var(--igl-text) 4%, transparent);
    color-scheme: inherit;
  }
  .preview p {
    margin: 0;
    padding-top: 12px;
  }
  .window {
    font-size: 16px;
    font-weight: 500;
  }
  .preview ul {
    margin: 4px 0 0;
    padding-inline-start: 18px;
    font-size: 13px;
  }
  .preview li + li {
    margin-top: 2px;
  }
  h3 {
    margin: 0 0 4px;
    font-size: 14px;
    font-weight: 500;
  }
  .made + .made {
    margin-top: 20px;
  }
  .made p {
    margin: 0 0 8px;
  }
`;
