// Sorts the places of the page by distance, once the reader asks for it and agrees. The position stays in the browser.
"use strict";
const button = document.getElementById("near-me");
const list = document.getElementById("places");
if (button && list && navigator.geolocation) {
  button.hidden = false;
  const state = document.getElementById("near-state");
  const radians = (degrees) => (degrees * Math.PI) / 180;
  const distance = (from, lat, lon) => {
    const a =
      Math.sin(radians(lat - from.latitude) / 2) ** 2 +
      Math.cos(radians(from.latitude)) * Math.cos(radians(lat)) * Math.sin(radians(lon - from.longitude) / 2) ** 2;
    return 12742 * Math.asin(Math.min(1, Math.sqrt(a)));
  };
  button.addEventListener("click", () => {
    state.textContent = button.dataset.asking;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const far = new Map();
        for (const place of list.children) {
          const { lat, lon } = place.dataset;
          const km = lat && lon ? distance(coords, Number(lat), Number(lon)) : Infinity;
          far.set(place, km);
          const shown = place.querySelector(".distance");
          if (shown && km < Infinity) shown.textContent = `${km < 10 ? km.toFixed(1) : Math.round(km)} km`;
        }
        list.append(...[...list.children].sort((a, b) => far.get(a) - far.get(b)));
        state.textContent = button.dataset.done;
      },
      () => {
        state.textContent = button.dataset.failed;
      },
      { timeout: 10000, maximumAge: 60000 },
    );
  });
}
