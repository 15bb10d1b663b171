// Sends the form of a page to the API, with the token from the URL fragment. The names of the inputs are
// JSON pointers.
"use strict";

const form = document.querySelector("form");
const told = document.getElementById("told");
const button = form.querySelector("button");
const token = new URLSearchParams(location.hash.slice(1)).get("token");
// Removes the token from the address bar and the browser history.
history.replaceState(null, "", location.pathname);

function put(body, pointer, value) {
  const steps = pointer.split("/").slice(1);
  const last = steps.pop();
  steps.reduce((at, step) => (at[step] ??= {}), body)[last] = value;
}

async function send() {
  const body = {};
  put(body, form.dataset.token, token);
  for (const input of form.querySelectorAll("input")) put(body, input.name, input.value);
  const answer = await fetch(form.dataset.to, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    credentials: "omit",
  });
  if (answer.ok) return form.dataset.done;
  const problem = await answer.json();
  const wrong = (problem.errors ?? []).map((error) => error.message);
  throw new Error(wrong.concat(problem.detail ?? [], wrong.length ? [] : problem.title).join(" "));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  told.textContent = "…";
  try {
    told.textContent = await send();
    form.hidden = true;
  } catch (error) {
    told.textContent = error.message;
    button.disabled = false;
  }
});

if (!token) {
  form.hidden = true;
  told.textContent = "The link is incomplete. Open the complete link from the email.";
}
