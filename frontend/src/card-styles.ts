/** Looks of the card itself. */
import { css } from "./css";

export const cardStyles = css`
  :host {
    display: block;
  }
  ha-card {
    display: block;
    padding-bottom: 8px;
    overflow: hidden;
    font-size: 14px;
    line-height: 1.4;
  }
  .header {
    display: flex;
    align-items: center;
    flex-wrap: wrap;
    gap: 12px;
    padding: 16px 16px 8px;
  }
  .titles {
    flex: 1 1 9em;
    min-width: 0;
  }
  h2,
  h3 {
    margin: 0;
    font-weight: 500;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  h2 {
    font-size: 18px;
    line-height: 1.3;
  }
  h3 {
    flex: 1;
    font-size: 14px;
  }
  .titles .muted,
  .small {
    font-size: 12px;
  }
  .trouble {
    padding: 0 16px;
  }
  .link {
    text-decoration: underline;
    font-weight: 500;
  }
  .lock {
    display: flex;
    align-items: center;
    gap: 12px;
    min-height: 40px;
    padding: 0 8px 0 24px;
    color: var(--igl-muted);
    --mdc-icon-size: 20px;
  }
  .lock > ha-icon {
    margin-inline-end: 4px;
  }
  section + section,
  section + details,
  details + section {
    margin-top: 4px;
    padding-top: 4px;
    border-top: 1px solid var(--igl-line);
  }
  .codes {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .note {
    margin: 4px 0 8px;
    padding: 0 16px;
  }
  section .note {
    padding-inline-start: 64px;
  }
  .search {
    display: flex;
    align-items: center;
    gap: 12px;
    margin: 0 16px 8px;
    padding: 0 12px;
    border-radius: 20px;
    background: color-mix(in srgb, var(--igl-text) 6%, transparent);
    color: var(--igl-muted);
    --mdc-icon-size: 20px;
  }
  .search input {
    flex: 1;
    min-width: 0;
    height: 40px;
    border: 0;
    background: none;
    color: var(--igl-text);
    font: inherit;
    font-size: 16px;
    outline: none;
  }
  .search:focus-within {
    outline: 2px solid var(--igl-primary);
  }
  .more {
    margin-inline-start: 48px;
  }
  summary {
    display: flex;
    align-items: center;
    min-height: 40px;
    padding: 0 16px 0 64px;
    color: var(--igl-muted);
    cursor: pointer;
    list-style: none;
  }
  summary::-webkit-details-marker {
    display: none;
  }
  summary::before {
    content: "";
    width: 6px;
    height: 6px;
    margin: -3px 10px 0 -20px;
    border: solid currentColor;
    border-width: 0 2px 2px 0;
    transform: rotate(-45deg);
    transition: transform 0.15s;
  }
  details[open] > summary::before {
    transform: rotate(45deg);
  }
  details igloohome-access-code {
    opacity: 0.85;
  }
`;
