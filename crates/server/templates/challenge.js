// Solves the proof of work of a form beside the page, so that nobody has to answer the question. Without script, or
// where a worker cannot run, the question stays.
"use strict";
for (const proof of document.querySelectorAll(".proof[data-challenge]")) {
  const form = proof.closest("form");
  const started = performance.now();
  let worker;
  try {
    worker = new Worker(proof.dataset.worker);
  } catch {
    continue;
  }
  const challenge = JSON.parse(proof.dataset.challenge);
  const state = document.createElement("p");
  state.className = "small";
  state.setAttribute("role", "status");
  state.textContent = proof.dataset.working;
  const before = [...proof.children];
  worker.onerror = () => worker.terminate();
  worker.onmessage = ({ data }) => {
    worker.terminate();
    if (data === null) return;
    const solution = {
      algorithm: challenge.algorithm,
      challenge: challenge.challenge,
      number: data,
      salt: challenge.salt,
      signature: challenge.signature,
      took: Math.round(performance.now() - started),
    };
    const field = document.createElement("input");
    field.type = "hidden";
    field.name = "altcha";
    field.value = btoa(JSON.stringify(solution));
    form.append(field);
    for (const element of before) element.remove();
    proof.append(state);
    state.textContent = proof.dataset.done;
  };
  worker.postMessage(challenge);
}
