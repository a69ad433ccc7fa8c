"use strict";
// Follows a hunt: events are added as they come, and the leaderboard is read again after those that change it. Both are drawn a
// few times a second at most, however much happens. Texts of players are only ever set as text.
const hunt = document.querySelector("main").dataset.hunt;
const drawEvery = 250; // ms
const shown = 20; // events

function cell(text, number) {
  const td = document.createElement("td");
  td.textContent = text;
  if (number) td.className = "number";
  return td;
}

function drawBoard(players) {
  document.getElementById("board").replaceChildren(...players.slice(0, 100).map((p) => {
    const tr = document.createElement("tr");
    tr.append(cell(p.name), cell(p.points, true), cell(p.wins, true));
    return tr;
  }));
  document.getElementById("found").textContent = players.reduce((sum, p) => sum + p.wins, 0);
}

function sentence(e) {
  const who = e.name || e.player || "";
  switch (e.outcome) {
    case "created": return "The hunt was created.";
    case "joined": return `${who} joined.`;
    case "moved": return `${who} moved.`;
    case "won": return `${who} found ${e.treasure} for ${e.points ?? 0} points.`;
    case "taken": return `${who} came too late for ${e.treasure}.`;
    case "wrong": return `${who} guessed wrong at ${e.treasure}.`;
    case "finished": return "The hunt is finished.";
  }
  return `${who} was refused: ${e.reason}.`;
}

function item(e) {
  const li = document.createElement("li"), time = document.createElement("span");
  time.className = "quiet";
  time.textContent = e.time.slice(0, 19).replace("T", " ") + "Z";
  li.append(time, " " + sentence(e));
  if (e.outcome === "won") li.className = "won";
  return li;
}

function follow() {
  const list = document.getElementById("events"), link = document.getElementById("link");
  const source = new EventSource(`/v1/hunts/${encodeURIComponent(hunt)}/events`);
  let fresh = [], stale = true, reading = false;
  const hear = (message) => {
    fresh.push(JSON.parse(message.data));
    fresh = fresh.slice(-shown);
    stale ||= message.type === "won" || message.type === "joined";
  };
  for (const kind of ["created", "joined", "moved", "won", "taken", "wrong", "finished", "refused"]) source.addEventListener(kind, hear);
  source.addEventListener("reset", () => { stale = true; });
  source.onopen = () => { stale = true; link.textContent = "Live."; };
  source.onerror = () => { link.textContent = "Not live."; };
  setInterval(async () => {
    list.prepend(...fresh.reverse().map(item));
    fresh = [];
    while (list.children.length > shown) list.lastChild.remove();
    if (!stale || reading) return;
    stale = false;
    reading = true;
    try {
      const answer = await fetch(`/v1/hunts/${encodeURIComponent(hunt)}/leaderboard`);
      if (answer.ok) drawBoard((await answer.json()).players);
      else stale = true;
    } catch {
      stale = true; // the instance is away; the stream says so
    } finally {
      reading = false;
    }
  }, drawEvery);
}

if (hunt) follow();
