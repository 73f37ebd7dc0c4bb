// SPDX-License-Identifier: Apache-2.0
// What the page was given, as events to look at. All of it may come from hostile files: it only ever
// becomes text or part of an encoded URL, never markup.
'use strict';

// base: from the page to the recordings; served: marks go to the server.
const data = JSON.parse(document.getElementById('data').textContent);

const byId = (id) => document.getElementById(id);

// A new element with properties; children are elements or texts.
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes('-') || key === 'role') made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children);
  return made;
}

const pathOf = (recording) => recording.folder + recording.file;

function urlOf(recording, name) {
  return data.base + (recording.folder + name).split('/').map(encodeURIComponent).join('/');
}

function cameraOf(recording) {
  return recording.camera || recording.folder.replace(/\/$/, '') || 'unnamed camera';
}

// An event may lie in several recordings: stills, or clips that go on from one another.
function gatherEvents() {
  const found = new Map();
  data.recordings.forEach((recording, number) => {
    recording.events.forEach((event, place) => {
      const key = event.id ? `${cameraOf(recording)}\n${event.id}` : `${number}.${place}`;
      if (!found.has(key)) found.set(key, []);
      found.get(key).push({recording, event});
    });
  });
  return [...found.entries()].map(([key, parts]) => eventOf(key, parts));
}

function eventOf(key, parts) {
  parts.sort((a, b) => a.recording.stream_ns - b.recording.stream_ns);
  const lead = parts.reduce((best, part) => ((part.event.score ?? -Infinity) > (best.event.score ?? -Infinity) ? part : best));
  const first = parts[0];
  const last = parts[parts.length - 1];
  const offset = first.event.begin_ns / 1e6;
  const begin = first.recording.stream_ns + first.event.begin_ns;
  return {
    key, parts, lead,
    camera: cameraOf(first.recording),
    utc: first.recording.utc === null ? null : first.recording.utc + offset,
    stream: begin / 1e6,
    length: Math.max(0, last.recording.stream_ns + last.event.end_ns - begin) / 1e6,
    score: lead.event.score, p: lead.event.p, threshold: lead.event.threshold,
    recorded: parts.some((part) => !part.recording.gone),
    marked: false,
  };
}

const events = gatherEvents();
const cameras = [...new Set(data.recordings.map(cameraOf))].sort((a, b) => a.localeCompare(b, undefined, {numeric: true}));

// Recordings of a live camera have wall-clock time; those of files only their place in the footage.
// Where there are both, the timeline is that of the clock.
const byClock = events.some((event) => event.utc !== null);
const timeOf = (event) => (byClock ? event.utc : event.stream);
const spanOf = (recording) => {
  const begin = byClock ? recording.utc : recording.stream_ns / 1e6;
  return begin === null ? null : [begin, begin + recording.duration_ns / 1e6];
};

function levelOf(event) {
  const times = event.threshold > 0 ? event.score / event.threshold : 1;
  if (times < 2) return 'low';
  return times < 4 ? 'middle' : 'high';
}
