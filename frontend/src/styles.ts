/** Looks shared by all parts: Home Assistant's own colours, with fallbacks. */
import { css } from "./css";

export const shared = css`
  :host {
    --igl-text: var(--primary-text-color);
    --igl-muted: var(--secondary-text-color);
    --igl-line: var(--divider-color);
    --igl-surface: var(--ha-card-background, var(--card-background-color, #fff));
    --igl-primary: var(--primary-color);
    /* Dark enough to be read with white on it, whatever the theme's colour. */
    --igl-loud: oklch(from var(--igl-primary) min(l, 0.5) c h);
    --igl-danger: oklch(from var(--error-color) min(l, 0.5) c h);
    --igl-tint: color-mix(in srgb, var(--igl-primary) 16%, transparent);
    /* Towards the colour of texts, which is dark on light and light on dark. */
    --igl-on-tint: color-mix(in oklab, var(--igl-primary) 45%, var(--igl-text));
    --igl-track: color-mix(in srgb, var(--igl-text) 12%, transparent);
    color: var(--igl-text);
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    padding: 0;
    cursor: pointer;
    -webkit-tap-highlight-color: transparent;
  }
  button:focus-visible,
  summary:focus-visible,
  input:focus-visible {
    outline: 2px solid var(--igl-primary);
    outline-offset: 2px;
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 40px;
    padding: 6px 16px;
    border-radius: 20px;
    font-weight: 500;
    line-height: 1.25;
    background: var(--igl-tint);
    color: var(--igl-on-tint);
    --mdc-icon-size: 20px;
  }
  .button.loud {
    background: var(--igl-loud);
    color: #fff;
  }
  .button.danger {
    background: var(--igl-danger);
    color: #fff;
  }
  .button.plain {
    background: none;
    color: var(--igl-on-tint);
  }
  .button:hover:not(:disabled) {
    filter: brightness(1.08);
  }
  .button:disabled {
    cursor: default;
    background: var(--igl-track);
    color: var(--igl-muted);
  }
  .icon-button {
    display: inline-grid;
    place-items: center;
    width: 40px;
    height: 40px;
    border-radius: 50%;
    color: var(--igl-on-tint);
    flex: none;
  }
  .icon-button:hover {
    background: var(--igl-track);
  }
  .muted {
    color: var(--igl-muted);
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  .alert {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    margin: 8px 0;
    padding: 10px 12px;
    border-radius: 8px;
    line-height: 1.4;
    background: color-mix(in srgb, var(--igl-alert, var(--info-color)) 14%, transparent);
    overflow-wrap: anywhere;
  }
  .alert ha-icon {
    flex: none;
    color: var(--igl-alert, var(--info-color));
    --mdc-icon-size: 20px;
  }
  .alert.warning {
    --igl-alert: var(--warning-color);
  }
  .alert.error {
    --igl-alert: var(--error-color);
  }
  .alert.success {
    --igl-alert: var(--success-color);
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
      animation: none !important;
    }
  }
`;

export const dialogStyles = css`
  dialog {
    width: min(560px, 100vw);
    max-width: none;
    max-height: min(92dvh, 900px);
    margin: auto;
    padding: 0;
    border: 0;
    border-radius: var(--ha-dialog-border-radius, 24px);
    background: var(--ha-dialog-surface-background, var(--card-background-color, #fff));
    color: var(--igl-text);
    box-shadow: 0 8px 40px rgba(0, 0, 0, 0.35);
    overflow: hidden;
    overscroll-behavior: contain;
    font-size: 14px;
    line-height: 1.4;
    overflow-wrap: anywhere;
  }
  dialog::backdrop {
    background: rgba(0, 0, 0, 0.5);
  }
  dialog[open] {
    display: flex;
    flex-direction: column;
    animation: igl-in 0.16s ease-out;
  }
  @keyframes igl-in {
    from {
      opacity: 0;
      transform: translateY(12px);
    }
  }
  .head {
    display: flex;
    align-items: center;
    gap: 4px;
    padding: 12px 24px 4px 12px;
  }
  h2 {
    margin: 0;
    flex: 1;
    min-width: 0;
    font-size: 22px;
    font-weight: 400;
    line-height: 1.25;
    outline: none;
  }
  .body {
    outline-offset: -2px;
    flex: 1;
    overflow-y: auto;
    padding: 8px 24px 16px;
  }
  /* What has to be read before the last tap does not scroll away with the fields. */
  .told {
    flex: none;
    max-height: 38dvh;
    overflow-y: auto;
    padding: 0 24px;
    border-top: 1px solid var(--igl-line);
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: 8px;
    padding: 8px 24px calc(16px + env(safe-area-inset-bottom, 0px));
  }
  @media (max-width: 600px) {
    dialog {
      width: 100vw;
      max-height: 94dvh;
      margin: auto 0 0;
      border-end-start-radius: 0;
      border-end-end-radius: 0;
    }
    .head {
      padding-inline-end: 16px;
    }
    .body {
      padding: 4px 16px 12px;
    }
    .told,
    .foot {
      padding-inline: 16px;
    }
  }
`;
