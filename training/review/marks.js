// SPDX-License-Identifier: Apache-2.0
// What is marked as normal, and how it is kept: on the server, or in this browser until it is saved
// as feedback.json (schema "novelty-feedback", version 1).

const storeName = `novelty-review ${location.pathname}`;
const markName = (path, event) => `${path}\n${event.event_id ?? event.id}\n${event.begin_ns}`;

class Marks {
  constructor(onChange) {
    this.onChange = onChange;
    this.undone = [];
    this.state = '';
    this.kept = [];  // of the file, about events that the page does not know
    this.restore(this.stored() || data.feedback);
  }

  stored() {
    if (data.served) return null;
    try {
      const stored = JSON.parse(localStorage.getItem(storeName));
      return Array.isArray(stored?.recordings) ? stored : null;
    } catch {
      return null;
    }
  }

  restore(feedback) {
    const known = new Map();
    for (const event of events) for (const {recording, event: part} of event.parts) known.set(markName(pathOf(recording), part), event);
    const present = new Set(data.recordings.filter((recording) => !recording.gone).map(pathOf));
    for (const recording of feedback?.recordings ?? []) {
      const others = recording.normal.filter((mark) => {
        const event = known.get(markName(recording.path, mark));
        if (event) event.marked = event.recorded;
        return !event;
      });
      if (others.length && present.has(recording.path)) this.kept.push({...recording, normal: others});
    }
  }

  get count() { return events.reduce((sum, event) => sum + (event.marked ? 1 : 0), 0); }

  toggle(event) {
    if (!event.recorded) return;
    event.marked = !event.marked;
    this.undone.push(event);
    this.changed(event);
  }

  undo() {
    const event = this.undone.pop();
    if (!event) return null;
    event.marked = !event.marked;
    this.changed(event);
    return event;
  }

  changed(event) {
    this.onChange(event);
    if (data.served) {
      clearTimeout(this.posting);
      this.posting = setTimeout(() => this.post(), 250);
      return;
    }
    try {
      localStorage.setItem(storeName, JSON.stringify(this.feedback()));
    } catch { /* private windows keep nothing */ }
  }

  feedback() {
    const recordings = new Map(this.kept.map((recording) => [recording.path, {...recording, normal: [...recording.normal]}]));
    for (const item of events) {
      if (!item.marked) continue;
      for (const {recording, event} of item.parts) {
        if (recording.gone) continue;
        const path = pathOf(recording);
        if (!recordings.has(path)) recordings.set(path, {path, camera: recording.camera, model_id: recording.model, normal: []});
        recordings.get(path).normal.push({event_id: event.id, begin_ns: event.begin_ns, end_ns: event.end_ns});
      }
    }
    return {schema: 'novelty-feedback', version: 1, recordings: [...recordings.values()]};
  }

  get text() { return `${JSON.stringify(this.feedback(), null, 2)}\n`; }

  async post() {
    this.state = 'saving';
    this.onChange(null);
    try {
      const answer = await fetch('feedback.json', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: this.text});
      this.state = answer.ok ? 'saved' : `not saved: ${(await answer.text()).trim()}`;
    } catch {
      this.state = 'not saved: novelty review --serve has ended';
    }
    this.onChange(null);
  }

  download() {
    const url = URL.createObjectURL(new Blob([this.text], {type: 'application/json'}));
    element('a', {href: url, download: 'feedback.json'}).click();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }
}
