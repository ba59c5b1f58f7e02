// A view in a frame is told whether the page around it is light or dark, and tells how tall it is.
"use strict";
(() => {
  const frames = () => document.querySelectorAll("iframe.view");
  const isLight = () => {
    const said = document.body.dataset.theme;
    return said === "light" || (said !== "dark" && !matchMedia("(prefers-color-scheme: dark)").matches);
  };
  const tell = () => {
    for (const frame of frames()) frame.contentWindow.postMessage({ kgwbLight: String(isLight()) }, "*");
  };
  addEventListener("message", ({ data, source }) => {
    for (const frame of frames())
      if (frame.contentWindow === source && data && data.kgwbHeight > 0) {
        frame.style.height = `${Math.ceil(data.kgwbHeight) + 2}px`;
        tell();
      }
  });
  addEventListener("DOMContentLoaded", () => {
    for (const frame of frames()) frame.addEventListener("load", tell);
    new MutationObserver(tell).observe(document.body, { attributes: true, attributeFilter: ["data-theme"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
  });
})();
