// SPDX-License-Identifier: Apache-2.0
// The events as a list or a grid of which only what is in view exists: thousands stay fluid.

const listRow = 76, gridRow = 196, gridColumn = 190, thumbDelay = 90;

class EventList {
  constructor(box, spacer, onPick) {
    Object.assign(this, {box, spacer, onPick, items: [], rows: new Map(), selected: null, grid: false});
    box.addEventListener('scroll', () => this.renderSoon());
    new ResizeObserver(() => this.render()).observe(box);
  }

  show(items, selected) {
    this.items = items;
    this.clear();
    this.select(selected);
  }

  setGrid(grid) {
    this.grid = grid;
    this.clear();
    this.select(this.selected);
  }

  clear() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  get columns() { return this.grid ? Math.max(2, Math.floor(this.box.clientWidth / gridColumn)) : 1; }
  get rowHeight() { return this.grid ? gridRow : listRow; }

  select(event) {
    this.selected = event;
    const index = this.items.indexOf(event);
    if (index >= 0) {
      const top = Math.floor(index / this.columns) * this.rowHeight;
      const {scrollTop, clientHeight} = this.box;
      if (top < scrollTop) this.box.scrollTop = top;
      else if (top + this.rowHeight > scrollTop + clientHeight) this.box.scrollTop = top + this.rowHeight - clientHeight;
    }
    this.render();
  }

  // A mark has changed.
  refresh(event) {
    const row = this.rows.get(event);
    if (row) this.dress(row, event);
  }

  renderSoon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => { this.waiting = false; this.render(); });
  }

  render() {
    const {columns, rowHeight, items, box} = this;
    this.spacer.style.height = `${Math.ceil(items.length / columns) * rowHeight}px`;
    const first = Math.max(0, Math.floor(box.scrollTop / rowHeight) - 1) * columns;
    const last = Math.min(items.length, Math.ceil((box.scrollTop + box.clientHeight) / rowHeight + 1) * columns);
    const visible = new Set(items.slice(first, last));
    for (const [event, row] of this.rows) {
      if (visible.has(event)) continue;
      row.remove();
      this.rows.delete(event);
    }
    for (let index = first; index < last; ++index) this.place(items[index], index, columns);
    const active = this.rows.get(this.selected);
    if (active) box.setAttribute('aria-activedescendant', active.id);
    else box.removeAttribute('aria-activedescendant');
    clearTimeout(this.thumbs);
    this.thumbs = setTimeout(() => this.addThumbs(), thumbDelay);
  }

  place(event, index, columns) {
    let row = this.rows.get(event);
    if (!row) {
      row = this.make(event);
      this.rows.set(event, row);
      this.spacer.append(row);
    }
    row.id = `event-${index}`;
    row.setAttribute('aria-posinset', index + 1);
    row.setAttribute('aria-setsize', this.items.length);
    row.style.top = `${Math.floor(index / columns) * this.rowHeight}px`;
    row.style.left = `${index % columns / columns * 100}%`;
    row.style.width = `${100 / columns}%`;
    this.dress(row, event);
  }

  make(event) {
    const rarity = rarityShort(event.p);
    const row = element('div', {className: `event ${this.grid ? 'tile' : 'row'}`, role: 'option'},
      element('span', {className: 'thumb'}),
      element('span', {className: 'what'},
        element('b', {}, event.camera),
        element('span', {className: 'when'}, whenText(event)),
        element('span', {className: 'much'}, `${lengthText(event.length)}${rarity ? ` · ${rarity}` : ''}`)),
      element('span', {className: `score ${levelOf(event)}`, title: 'highest score'}, scoreText(event.score)),
      element('span', {className: 'badge'}, 'normal'));
    row.addEventListener('click', () => this.onPick(event));
    return row;
  }

  dress(row, event) {
    row.classList.toggle('marked', event.marked);
    row.setAttribute('aria-selected', event === this.selected);
    row.setAttribute('aria-label', `${event.camera}, ${whenText(event)}, score ${scoreText(event.score)}${event.marked ? ', marked as normal' : ''}`);
  }

  // Pictures come when scrolling has paused.
  addThumbs() {
    for (const [event, row] of this.rows) {
      const thumb = row.querySelector('.thumb');
      if (!thumb.firstChild) thumb.append(thumbOf(event));
    }
  }
}

function thumbOf(event) {
  const {recording, event: seen} = event.lead;
  if (seen.poster) return element('img', {alt: '', src: urlOf(recording, seen.poster), decoding: 'async'});
  if (recording.gone) return element('span', {className: 'missing'}, 'gone');
  if (recording.kind === 'frame') return element('img', {alt: '', src: urlOf(recording, recording.file), decoding: 'async'});
  return element('video', {muted: true, preload: 'metadata', tabIndex: -1, src: `${urlOf(recording, recording.file)}#t=${(seen.peak_ns / 1e9).toFixed(2)}`});
}
