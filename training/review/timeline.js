// SPDX-License-Identifier: Apache-2.0
// The timeline: a row a camera, an event a mark; dragging chooses a range of time.

const rowHeight = 26, axisHeight = 22, fewestPixels = 4;
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000].map((s) => s * 1000);

function extentOf() {
  let low = Infinity, high = -Infinity;
  for (const recording of data.recordings) {
    const span = spanOf(recording);
    if (span) [low, high] = [Math.min(low, span[0]), Math.max(high, span[1])];
  }
  if (!(low <= high)) return [0, 1000];
  const margin = Math.max(500, (high - low) / 100);
  return [low - margin, high + margin];
}

class Timeline {
  constructor(canvas, tip, onPick, onRange) {
    Object.assign(this, {canvas, tip, onPick, onRange, whole: extentOf(), drag: null, shown: [], selected: null});
    this.range = this.whole;
    canvas.addEventListener('pointerdown', (e) => this.press(e));
    canvas.addEventListener('pointermove', (e) => this.move(e));
    canvas.addEventListener('pointerup', (e) => this.release(e));
    canvas.addEventListener('pointercancel', () => { this.drag = null; this.draw(); });
    canvas.addEventListener('pointerleave', () => { this.tip.hidden = true; });
    new ResizeObserver(() => this.draw()).observe(canvas.parentElement);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  show(shown, selected, range) {
    Object.assign(this, {shown, selected, range: range || this.whole});
    this.draw();
  }

  get left() { return Math.min(140, this.width / 4); }
  xOf(time) { return this.left + (time - this.range[0]) / (this.range[1] - this.range[0]) * (this.width - this.left - 8); }
  timeAt(x) { return this.range[0] + (x - this.left) / (this.width - this.left - 8) * (this.range[1] - this.range[0]); }

  draw() {
    const {canvas} = this;
    const ratio = devicePixelRatio || 1;
    this.width = canvas.parentElement.clientWidth;
    const height = cameras.length * rowHeight + axisHeight;
    canvas.style.height = `${height}px`;
    canvas.width = Math.round(this.width * ratio);
    canvas.height = Math.round(height * ratio);
    const style = getComputedStyle(canvas);
    this.colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const context = canvas.getContext('2d');
    context.scale(ratio, ratio);
    context.font = `12px ${style.fontFamily}`;
    context.textBaseline = 'middle';
    this.drawAxis(context, height);
    this.drawRows(context);
    this.drawDrag(context, height);
  }

  drawAxis(context, height) {
    const pixels = this.width - this.left;
    const step = steps.find((s) => (this.range[1] - this.range[0]) / s <= pixels / 84) || steps[steps.length - 1] * 4;
    const shift = byClock ? new Date(this.range[0]).getTimezoneOffset() * 60000 : 0;
    for (let time = Math.ceil((this.range[0] - shift) / step) * step + shift; time <= this.range[1]; time += step) {
      const x = Math.round(this.xOf(time)) + 0.5;
      context.fillStyle = this.colour('line');
      context.fillRect(x - 0.5, 0, 1, height - axisHeight + 4);
      context.fillStyle = this.colour('soft');
      context.textAlign = 'center';
      if (x > this.left + 20 && x < this.width - 24) context.fillText(this.tickText(time, step), x, height - axisHeight / 2 + 3);
    }
  }

  tickText(time, step) {
    if (!byClock) return place(time).replace(/\.0$/, '');
    const date = new Date(time);
    if (step >= 86400000 || (date.getHours() === 0 && date.getMinutes() === 0 && date.getSeconds() === 0)) return date.toLocaleDateString(undefined, {day: 'numeric', month: 'short'});
    const options = {hour: '2-digit', minute: '2-digit', hourCycle: 'h23'};
    return date.toLocaleTimeString(undefined, step < 60000 ? {...options, second: '2-digit'} : options);
  }

  drawRows(context) {
    const rows = new Map(cameras.map((camera, row) => [camera, row]));
    context.textAlign = 'left';
    cameras.forEach((camera, row) => {
      context.fillStyle = this.colour('soft');
      context.fillText(fitText(context, camera, this.left - 18), 4, row * rowHeight + rowHeight / 2);
      context.fillStyle = this.colour('line');
      context.fillRect(0, (row + 1) * rowHeight - 1, this.width, 1);
    });
    context.save();
    context.beginPath();
    context.rect(this.left, 0, this.width - this.left, cameras.length * rowHeight);
    context.clip();
    context.fillStyle = this.colour('covered');
    for (const recording of data.recordings) this.drawSpan(context, spanOf(recording), rows.get(cameraOf(recording)), 9);
    const colours = {low: this.colour('a'), middle: this.colour('b'), high: this.colour('mark'), marked: this.colour('ok')};
    this.shown.forEach((event) => {
      context.fillStyle = colours[event.marked ? 'marked' : levelOf(event)];
      this.drawSpan(context, this.eventSpan(event), rows.get(event.camera), 5);
    });
    if (this.selected) this.drawSelected(context, rows.get(this.selected.camera));
    context.restore();
  }

  eventSpan(event) {
    const time = timeOf(event);
    return time === null ? null : [time, time + event.length];
  }

  drawSpan(context, span, row, inset) {
    if (!span || span[1] < this.range[0] || span[0] > this.range[1]) return;
    const x = this.xOf(span[0]);
    context.fillRect(x, row * rowHeight + inset, Math.max(fewestPixels, this.xOf(span[1]) - x), rowHeight - 2 * inset);
  }

  drawSelected(context, row) {
    const span = this.eventSpan(this.selected);
    if (!span) return;
    const x = this.xOf(span[0]);
    context.strokeStyle = this.colour('ink');
    context.lineWidth = 2;
    context.strokeRect(x - 3, row * rowHeight + 3, Math.max(fewestPixels, this.xOf(span[1]) - x) + 6, rowHeight - 7);
  }

  drawDrag(context, height) {
    if (!this.drag || Math.abs(this.drag.to - this.drag.from) < 4) return;
    context.globalAlpha = 0.18;
    context.fillStyle = this.colour('a');
    context.fillRect(Math.min(this.drag.from, this.drag.to), 0, Math.abs(this.drag.to - this.drag.from), height - axisHeight);
    context.globalAlpha = 1;
  }

  // The event under the pointer, or near it.
  eventAt(x, y) {
    const camera = cameras[Math.floor(y / rowHeight)];
    let best = null, least = 8;
    for (const event of this.shown) {
      const span = event.camera === camera ? this.eventSpan(event) : null;
      if (!span) continue;
      const far = Math.max(this.xOf(span[0]) - x, x - Math.max(this.xOf(span[1]), this.xOf(span[0]) + fewestPixels), 0);
      if (far < least) [best, least] = [event, far];
    }
    return best;
  }

  press(e) {
    if (e.button !== 0) return;
    this.canvas.setPointerCapture(e.pointerId);
    this.drag = {from: Math.max(this.left, e.offsetX), to: Math.max(this.left, e.offsetX)};
  }

  move(e) {
    if (this.drag) {
      this.drag.to = Math.max(this.left, Math.min(this.width, e.offsetX));
      this.draw();
      return;
    }
    const event = this.eventAt(e.offsetX, e.offsetY);
    this.canvas.style.cursor = event ? 'pointer' : 'crosshair';
    this.tip.hidden = !event;
    if (!event) return;
    this.tip.textContent = `${event.camera} · ${whenText(event)} · score ${scoreText(event.score)}`;
    const room = this.width - this.tip.offsetWidth - 4;
    this.tip.style.left = `${Math.max(0, Math.min(room, e.offsetX + 12))}px`;
    this.tip.style.top = `${e.offsetY + 16}px`;
  }

  release(e) {
    const {drag} = this;
    this.drag = null;
    if (!drag) return;
    if (Math.abs(drag.to - drag.from) >= 4) {
      this.onRange([this.timeAt(Math.min(drag.from, drag.to)), this.timeAt(Math.max(drag.from, drag.to))]);
      return;
    }
    const event = this.eventAt(e.offsetX, e.offsetY);
    if (event) this.onPick(event);
    else this.draw();
  }
}

function fitText(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let fitted = text.slice(0, 60);
  while (fitted && context.measureText(`${fitted}…`).width > width) fitted = fitted.slice(0, -1);
  return `${fitted}…`;
}
