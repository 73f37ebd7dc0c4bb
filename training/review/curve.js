// SPDX-License-Identifier: Apache-2.0
// The score over a recording: curve, threshold, the events' spans, and where the clip is.

const svgName = 'http://www.w3.org/2000/svg';

function shape(name, attributes, ...children) {
  const made = document.createElementNS(svgName, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

class Curve {
  constructor(box, reading, onSeek) {
    Object.assign(this, {box, reading, onSeek, part: null, at: 0});
    new ResizeObserver(() => this.draw()).observe(box);
    const seek = (e) => { if (this.part && (e.type === 'pointerdown' || e.buttons === 1)) this.onSeek(this.timeAt(e.clientX - box.getBoundingClientRect().left)); };
    box.addEventListener('pointerdown', seek);
    box.addEventListener('pointermove', seek);
  }

  show(part) {
    this.part = part;
    this.box.parentElement.hidden = part.recording.kind === 'frame';  // a moment has no curve
    this.curve = part.recording.curve || peaksOf(part.recording);
    byId('curve-name').textContent = part.recording.curve ? 'Score' : 'Score: of this recording only the peaks are known';
    this.at = part.event.begin_ns / 1e6;
    this.draw();
  }

  get length() { return Math.max(1, this.part.recording.duration_ns / 1e6); }
  xOf(ms) { return 44 + ms / this.length * (this.width - 56); }
  timeAt(x) { return Math.max(0, Math.min(this.length, (x - 44) / (this.width - 56) * this.length)); }
  yOf(score) { return this.height - 24 - (score - this.low) / (this.high - this.low) * (this.height - 38); }

  scale() {
    const {v, h} = this.curve;
    const all = v.concat(Array.isArray(h) ? h : [h]).filter(Number.isFinite);
    const low = Math.min(...all, 0), high = Math.max(...all, low + 1e-6);
    this.low = low;
    this.high = high + (high - low) * 0.08;
  }

  draw() {
    if (!this.part) return;
    this.width = this.box.clientWidth;
    this.height = this.box.clientHeight;
    if (this.width < 80 || this.height < 50) return;
    this.scale();
    const {recording} = this.part;
    const svg = shape('svg', {viewBox: `0 0 ${this.width} ${this.height}`, role: 'img', 'aria-label': this.words()});
    for (const event of recording.events) svg.append(this.span(event, event === this.part.event));
    svg.append(...this.axes());
    if (recording.curve) svg.append(this.line(this.curve.v, 'line'));
    else svg.append(...this.dots());
    svg.append(...this.thresholdLine());
    this.cursor = shape('line', {class: 'cursor', y1: 6, y2: this.height - 24});
    svg.append(this.cursor);
    this.box.replaceChildren(svg);
    this.follow(this.at);
  }

  words() {
    const {event} = this.part;
    return `Score over the recording of ${lengthText(this.length)}: up to ${scoreText(event.score)}, threshold ${scoreText(event.threshold)}, the event from ${place(event.begin_ns / 1e6)} to ${place(event.end_ns / 1e6)}`;
  }

  span(event, own) {
    const x = this.xOf(event.begin_ns / 1e6);
    const width = Math.max(2, this.xOf(event.end_ns / 1e6) - x);
    return shape('rect', {class: own ? 'span own' : 'span', x, y: 6, width, height: this.height - 30});
  }

  axes() {
    const made = [shape('line', {class: 'axis', x1: 44, x2: this.width - 12, y1: this.height - 24, y2: this.height - 24})];
    const step = steps.find((s) => this.length / s <= this.width / 90) || steps[steps.length - 1];
    for (let ms = 0; ms <= this.length; ms += step) {
      made.push(shape('text', {x: this.xOf(ms), y: this.height - 8, 'text-anchor': ms ? 'middle' : 'start'}, place(ms).replace(/\.0$/, '')));
    }
    for (const score of [this.low, (this.low + this.high) / 2]) {
      made.push(shape('text', {x: 38, y: this.yOf(score) + (score === this.low ? 0 : 4), 'text-anchor': 'end'}, String(+score.toPrecision(2))));
    }
    return made;
  }

  line(values, name) {
    const points = values.map((value, i) => `${this.xOf(this.curve.t[i]).toFixed(1)},${this.yOf(value).toFixed(1)}`);
    return shape('polyline', {class: name, points: points.join(' ')});
  }

  dots() {
    return this.curve.v.map((value, i) => shape('circle', {class: 'peak', cx: this.xOf(this.curve.t[i]), cy: this.yOf(value), r: 4}));
  }

  thresholdLine() {
    const {h, v} = this.curve;
    if (Array.isArray(h) && h.length === v.length && h.length > 1) return [this.line(h, 'threshold')];
    const level = Array.isArray(h) ? h[0] : h;
    if (!Number.isFinite(level)) return [];
    const y = this.yOf(level);
    return [shape('line', {class: 'threshold', x1: 44, x2: this.width - 12, y1: y, y2: y}),
      shape('text', {class: 'threshold-name', x: this.width - 14, y: y - 5, 'text-anchor': 'end'}, `threshold ${scoreText(level)}`)];
  }

  // ms: from the recording's start.
  follow(ms) {
    this.at = ms;
    if (!this.cursor) return;
    const x = this.xOf(Math.min(ms, this.length));
    this.cursor.setAttribute('x1', x);
    this.cursor.setAttribute('x2', x);
    this.reading.textContent = this.part.recording.curve ? `${place(ms)} · ${scoreText(this.scoreAt(ms))}` : place(ms);
  }

  scoreAt(ms) {
    const {t, v} = this.curve;
    let low = 0, high = t.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (t[middle] < ms) low = middle + 1;
      else high = middle;
    }
    return v[low];
  }
}

// Recordings of before have no curve, only the events' peaks.
function peaksOf(recording) {
  const known = recording.events.filter((event) => event.score !== null);
  return {t: known.map((event) => event.peak_ns / 1e6), v: known.map((event) => event.score), h: known.length ? known[0].threshold : NaN};
}
