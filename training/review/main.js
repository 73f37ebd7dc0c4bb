// SPDX-License-Identifier: Apache-2.0
// Brings the parts together: filters, selection, keys.

const scores = events.map((event) => event.score).filter((score) => score !== null);
const lowest = Math.min(...scoreBounds(scores)), highest = Math.max(...scoreBounds(scores));
const narrow = matchMedia('(max-width: 900px)');
let shown = [], selected = null, range = null;

const list = new EventList(byId('list'), byId('spacer'), (event) => choose(event));
const timeline = new Timeline(byId('timeline'), byId('tip'), (event) => choose(event), (wanted) => setRange(wanted));
const detail = new Detail(new Curve(byId('curve'), byId('reading'), (ms) => detail.seek(ms)));
const marks = new Marks((event) => showMarks(event));

function scoreBounds(values) {
  return values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], values.length ? [values[0], values[0]] : [0, 1]);
}

// The slider is fine where most scores are: it goes by their logarithm.
function leastScore() {
  const share = byId('least').value / 1000;
  if (share === 0) return -Infinity;
  return lowest > 0 ? lowest * (highest / lowest) ** share : lowest + (highest - lowest) * share;
}

function filtered() {
  const camera = byId('camera').value, least = leastScore(), rarity = +byId('rarity').value;
  return events.filter((event) => (camera === '' || event.camera === camera) && (least === -Infinity || event.score >= least)
    && (rarity === 1 || (event.p !== null && event.p <= rarity)) && inRange(event));
}

function inRange(event) {
  if (!range) return true;
  const time = timeOf(event);
  return time !== null && time <= range[1] && time + event.length >= range[0];
}

const byTime = (a, b) => (timeOf(a) ?? -Infinity) - (timeOf(b) ?? -Infinity) || a.stream - b.stream;
const orders = {newest: (a, b) => byTime(b, a), oldest: byTime, score: (a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity)};

function update() {
  shown = filtered().sort(orders[byId('sort').value]);
  if (!shown.includes(selected)) selected = narrow.matches ? null : shown[0] || null;
  byId('least-value').textContent = leastScore() === -Infinity ? 'any' : scoreText(leastScore());
  byId('shown').textContent = shown.length === events.length ? count(events.length, 'event') : `${shown.length.toLocaleString('en')} of ${count(events.length, 'event')}`;
  byId('none').hidden = shown.length > 0;
  byId('none').textContent = events.length ? 'No event matches the filter.' : 'No events were recorded here.';
  byId('clear').disabled = shown.length === events.length && !range;
  list.show(shown, selected);
  showSelected();
}

function showSelected() {
  detail.show(selected);
  document.body.classList.toggle('opened', Boolean(selected) && narrow.matches);
  timeline.show(shown, selected, range);
  const [from, to] = range || timeline.whole;
  byId('range').textContent = byClock ? rangeText(from, to) : `${place(from)} – ${place(to)} of the footage`;
  byId('whole').hidden = !range;
  showMarks(null);
}

function choose(event) {
  selected = event;
  list.select(event);
  showSelected();
}

function step(by) {
  if (!shown.length) return;
  const at = shown.indexOf(selected);
  choose(shown[at < 0 ? 0 : Math.max(0, Math.min(shown.length - 1, at + by))]);
}

function setRange(wanted) {
  range = wanted;
  for (const [id, time] of [['from', range?.[0]], ['to', range?.[1]]]) byId(id).value = time === undefined ? '' : inputText(time);
  update();
}

// Times in the two fields: local wall-clock time, or seconds of the footage.
function inputText(time) {
  if (!byClock) return (time / 1000).toFixed(1);
  return new Date(time - new Date(time).getTimezoneOffset() * 60000).toISOString().slice(0, 19);
}

function inputTime(id) {
  const text = byId(id).value;
  const time = byClock ? Date.parse(text) : parseFloat(text) * 1000;
  return Number.isNaN(time) ? null : time;
}

function readRange() {
  const from = inputTime('from'), to = inputTime('to');
  range = from === null && to === null ? null : [from ?? timeline.whole[0], to ?? timeline.whole[1]];
  if (range && range[1] <= range[0]) range[1] = range[0] + 1000;
  update();
}

function showMarks(changed) {
  if (changed) {
    list.refresh(changed);
    timeline.draw();
  }
  const number = marks.count;
  byId('marked-count').textContent = [`${number.toLocaleString('en')} marked as normal`, marks.state].filter(Boolean).join(' · ');
  byId('marked-count').classList.toggle('failed', marks.state.startsWith('not'));
  byId('save').disabled = number === 0 && !marks.kept.length;
  const button = byId('mark');
  button.hidden = !selected;
  if (!selected) return;
  button.disabled = !selected.recorded;
  button.setAttribute('aria-pressed', selected.marked);
  button.textContent = selected.marked ? '✓ Normal' : 'Mark as normal';
}

function mark() {
  if (!selected?.recorded) return;
  marks.toggle(selected);
  toast(selected.marked ? 'Marked as normal' : 'No longer marked');
}

function undo() {
  const event = marks.undo();
  byId('toast').hidden = true;
  if (event && shown.includes(event)) choose(event);
}

function toast(text, long = false) {
  byId('toast-text').textContent = text;
  byId('toast').hidden = false;
  clearTimeout(toast.timer);
  byId('undo').hidden = long;
  toast.timer = setTimeout(() => { byId('toast').hidden = true; }, long ? 15000 : 6000);
}

function onKey(e) {
  if (e.ctrlKey || e.altKey || e.metaKey || e.target.closest('input, select, textarea')) return;
  const inVideo = e.target.closest('video'), onButton = e.target.closest('button, a, summary');
  const across = byId('as-grid').getAttribute('aria-pressed') === 'true' ? list.columns : 1;
  const actions = {
    ArrowDown: !inVideo && (() => step(across)), ArrowUp: !inVideo && (() => step(-across)),
    ArrowRight: !inVideo && (() => step(1)), ArrowLeft: !inVideo && (() => step(-1)),
    Home: () => step(-shown.length), End: () => step(shown.length),
    PageDown: () => step(8 * across), PageUp: () => step(-8 * across),
    n: mark, N: mark, u: undo, U: undo, ' ': !inVideo && !onButton && selected && (() => detail.toggle()),
    Escape: narrow.matches && (() => choose(null)),
  };
  if (!actions[e.key]) return;
  e.preventDefault();
  actions[e.key]();
}

function setUpFilters() {
  byId('camera').append(new Option('All cameras', ''), ...cameras.map((camera) => new Option(camera, camera)));
  for (const id of ['from', 'to']) {
    Object.assign(byId(id), byClock ? {type: 'datetime-local', step: 1} : {type: 'number', step: 0.1, min: 0, placeholder: 'seconds'});
    byId(id).addEventListener('change', readRange);
  }
  for (const id of ['camera', 'rarity', 'sort']) byId(id).addEventListener('change', update);
  byId('least').addEventListener('input', update);
  byId('filter-form').addEventListener('submit', (e) => e.preventDefault());
  byId('filter-form').addEventListener('reset', () => setTimeout(() => setRange(null)));
  byId('whole').addEventListener('click', () => setRange(null));
  byId('filters').open = !narrow.matches;
}

function setUpButtons() {
  for (const [id, action] of Object.entries({mark, undo, previous: () => step(-1), next: () => step(1), back: () => choose(null)})) byId(id).addEventListener('click', action);
  for (const [id, grid] of [['as-list', false], ['as-grid', true]]) {
    byId(id).addEventListener('click', () => {
      byId('as-list').setAttribute('aria-pressed', !grid);
      byId('as-grid').setAttribute('aria-pressed', grid);
      document.body.classList.toggle('gridded', grid);
      list.setGrid(grid);
    });
  }
  byId('marked-count').title = data.served ? 'novelty feedback MODEL --normal feedback.json learns them' : '';
  byId('save').textContent = 'Download feedback.json';
  byId('save').title = 'Put it into the folder of the recordings, then: novelty feedback MODEL --normal feedback.json';
  byId('save').hidden = data.served;
  byId('save').addEventListener('click', () => {
    marks.download();
    toast('Put it into the folder of the recordings, then: novelty feedback MODEL --normal feedback.json', true);
  });
  document.addEventListener('keydown', onKey);
  narrow.addEventListener('change', () => { byId('filters').open = !narrow.matches; update(); });
}

function showSummary() {
  byId('folder').textContent = data.folder;
  const gone = data.recordings.filter((recording) => recording.gone).length;
  const skipped = Object.values(data.skipped).reduce((sum, number) => sum + number, 0);
  const untimed = byClock ? events.filter((event) => event.utc === null).length : 0;
  const facts = [count(data.recordings.length, 'recording'), count(cameras.length, 'camera')];
  if (gone) facts.push(`footage of ${gone.toLocaleString('en')} gone`);
  if (untimed) facts.push(`${count(untimed, 'event')} without clock time, not on the timeline`);
  if (skipped) facts.push(`${count(skipped, 'file')} left out`);
  byId('summary').replaceChildren(...facts.map((fact) => element('li', {}, fact)));
  byId('timeline').setAttribute('aria-label', `Timeline of ${count(events.length, 'event')} from ${count(cameras.length, 'camera')}; the list below has the same events`);
}

document.body.classList.toggle('nothing', !events.length);
setUpFilters();
setUpButtons();
showSummary();
update();
