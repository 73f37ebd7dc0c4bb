// SPDX-License-Identifier: Apache-2.0
// Times and figures in words.

const count = (number, name) => `${number.toLocaleString('en')} ${name}${number === 1 ? '' : 's'}`;

const localFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23',
});
const fullFormat = new Intl.DateTimeFormat(undefined, {
  year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZoneName: 'short',
});

function rangeText(from, to) {
  const short = to - from < 600000 ? {second: '2-digit'} : {};
  return new Intl.DateTimeFormat(undefined, {day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...short}).formatRange(from, to);
}

function place(ms) {  // in footage
  const seconds = Math.max(0, ms) / 1000;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = (seconds % 60).toFixed(1).padStart(4, '0');
  return hours ? `${hours}:${String(minutes).padStart(2, '0')}:${rest}` : `${minutes}:${rest}`;
}

function lengthText(ms) {
  if (ms < 60000) return `${(ms / 1000).toFixed(1)} s`;
  return ms < 3600000 ? `${Math.round(ms / 6000) / 10} min` : `${Math.round(ms / 360000) / 10} h`;
}

const whenText = (event) => (event.utc === null ? `${place(event.stream)} in the footage` : localFormat.format(event.utc));
const utcText = (ms) => new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC');
const localText = (ms) => fullFormat.format(ms);

function scoreText(score) {
  if (score === null || score === undefined) return '–';
  return Math.abs(score) >= 1000 ? Math.round(score).toLocaleString('en') : score.toPrecision(3);
}

// To two digits, large ones with their name.
function roughly(number) {
  const rounded = +number.toPrecision(2);
  for (const [size, name] of [[1e12, 'trillion'], [1e9, 'billion'], [1e6, 'million']]) {
    if (rounded >= size) return `${(rounded / size).toLocaleString('en')} ${name}`;
  }
  return rounded.toLocaleString('en');
}

function rarityShort(p) {
  if (!(p > 0)) return '';
  return p > 0.5 ? 'common' : `1 in ${p < 1e-12 ? 'over 1 trillion' : roughly(1 / p)}`;
}

function rarityWords(p) {
  if (p === null || p === undefined) return 'How rare this is among normal frames is not known.';
  if (p <= 0 || p < 1e-12) return 'Less than one normal frame in a trillion scores this high.';
  if (p > 0.5) return 'Most normal frames score this high.';
  return `About one normal frame in ${roughly(1 / p)} scores this high.`;
}

function pText(p) {
  if (p === null || p === undefined) return '–';
  return p < 1e-3 ? p.toExponential(1) : String(+p.toPrecision(2));
}
