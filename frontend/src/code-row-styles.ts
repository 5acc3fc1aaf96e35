/** Looks of one code in the list. */
import { css } from "./css";

export const codeRowStyles = css`
  :host {
    display: block;
    container-type: inline-size;
  }
  .code {
    --tone: var(--igl-primary);
  }
  .good {
    --tone: var(--success-color);
  }
  .warn {
    --tone: var(--warning-color);
  }
  .bad {
    --tone: var(--error-color);
  }
  .off {
    --tone: var(--disabled-color);
  }
  .row {
    display: flex;
    align-items: flex-start;
    gap: 12px;
    width: 100%;
    padding: 10px 16px;
    text-align: start;
    line-height: 1.35;
  }
  .row:hover {
    background: color-mix(in srgb, var(--igl-text) 4%, transparent);
  }
  .row:focus-visible {
    outline-offset: -3px;
    border-radius: 12px;
  }
  .badge {
    display: grid;
    place-items: center;
    flex: none;
    width: 36px;
    height: 36px;
    border-radius: 50%;
    color: var(--tone);
    background: color-mix(in srgb, var(--tone) 18%, transparent);
    --mdc-icon-size: 20px;
  }
  .main {
    display: flex;
    flex-direction: column;
    gap: 4px;
    flex: 1;
    min-width: 0;
  }
  .first,
  .second {
    display: flex;
    align-items: baseline;
    gap: 6px;
  }
  .first {
    align-items: center;
    flex-wrap: wrap;
  }
  /* As wide as it is, and at least some letters beside what follows. */
  .name {
    flex: 1 1 7em;
    max-width: max-content;
    font-weight: 500;
    overflow-wrap: anywhere;
  }
  .source {
    flex: none;
    color: var(--igl-muted);
    --mdc-icon-size: 16px;
  }
  .status {
    margin-inline-start: auto;
    font-size: 12px;
    padding: 1px 8px;
    border-radius: 10px;
    background: color-mix(in srgb, var(--tone) 16%, transparent);
  }
  .second {
    flex-wrap: wrap;
    justify-content: space-between;
    gap: 0 12px;
    font-size: 12px;
    color: var(--igl-muted);
  }
  .deadline {
    display: flex;
    align-items: center;
    gap: 4px;
    font-size: 12px;
    --mdc-icon-size: 14px;
  }
  .deadline ha-icon {
    color: var(--warning-color);
  }
  .bar {
    position: relative;
    display: block;
    height: 6px;
    margin: 3px 0;
    border-radius: 3px;
    background: color-mix(in srgb, var(--tone) 28%, transparent);
  }
  .bar.before {
    background: repeating-linear-gradient(
      90deg,
      color-mix(in srgb, var(--tone) 55%, transparent) 0 5px,
      transparent 5px 9px
    );
  }
  .bar.over {
    background: var(--igl-track);
  }
  .bar.endless {
    --to: 90deg;
    background: linear-gradient(
      var(--to),
      color-mix(in srgb, var(--tone) 28%, transparent) 55%,
      transparent
    );
  }
  .bar.endless:dir(rtl) {
    --to: -90deg;
  }
  .passed {
    display: block;
    height: 100%;
    border-radius: 3px;
    background: color-mix(in srgb, var(--tone) 70%, var(--igl-surface));
  }
  .over .passed {
    background: none;
  }
  .now,
  .due {
    position: absolute;
    top: 50%;
    width: 12px;
    height: 12px;
    margin-inline-start: -6px;
    border-radius: 50%;
    transform: translateY(-50%);
    background: var(--tone);
    box-shadow: 0 0 0 2px var(--igl-surface);
  }
  .due {
    width: 4px;
    height: 14px;
    margin-inline-start: -2px;
    border-radius: 2px;
    background: var(--warning-color);
  }
  .chevron {
    flex: none;
    margin-top: 6px;
    color: var(--igl-muted);
    transition: transform 0.15s;
  }
  [aria-expanded="true"] .chevron {
    transform: rotate(180deg);
  }
  .details {
    padding: 0 16px 12px 64px;
    font-size: 14px;
  }
  .details p {
    margin: 0 0 8px;
  }
  dl {
    display: grid;
    grid-template-columns: auto 1fr;
    gap: 2px 16px;
    margin: 0 0 12px;
  }
  dt {
    color: var(--igl-muted);
  }
  dd {
    margin: 0;
    overflow-wrap: anywhere;
  }
  .actions .plain {
    margin-inline-start: -16px;
  }
  @container (max-width: 460px) {
    .details {
      padding-inline-start: 16px;
    }
  }
  @container (max-width: 240px) {
    .badge {
      display: none;
    }
  }
`;
