// SPDX-License-Identifier: Apache-2.0
// One event: what was recorded, its score, its facts.

const leadIn = 2;  // seconds of the clip before the event
const openDelay = 150;  // so that running through the list does not open every clip

class Detail {
  constructor(curve) {
    this.curve = curve;
    this.event = null;
    this.video = null;
  }

  show(event) {
    if (event === this.event) return;
    this.event = event;
    byId('detail').hidden = !event;
    if (!event) return this.close();
    this.showFacts();
    this.showPart(event.lead);
  }

  close() {
    clearTimeout(this.opening);
    this.dropVideo();
  }

  showPart(part) {
    this.part = part;
    this.curve.show(part);
    this.views = viewsOf(part);
    segments(byId('parts'), this.event.parts.map((each, i) => [String(i + 1), each]), part, (each) => this.showPart(each));
    byId('parts').hidden = this.event.parts.length < 2;
    const {recording} = part;
    Object.assign(byId('file'), {href: urlOf(recording, recording.file), textContent: recording.file, hidden: recording.gone, title: pathOf(recording)});
    this.showView(this.views[0]);
  }

  showView(view) {
    segments(byId('views'), this.views.map((each) => [each.name, each]), view, (each) => this.showView(each));
    byId('views').hidden = this.views.length < 2;
    clearTimeout(this.opening);
    this.dropVideo();
    const stage = byId('stage');
    if (!view) stage.replaceChildren(message('The recording is no longer there.', 'Only what was written down about it is left.'));
    else if (view.image) stage.replaceChildren(this.picture(view));
    else this.openClip(stage);
  }

  picture(view) {
    const {recording, event} = this.part;
    const image = element('img', {src: urlOf(recording, view.image), alt: `${view.name} of the event, ${cameraOf(recording)}`});
    image.addEventListener('error', () => byId('stage').replaceChildren(message(`The picture ${view.image} cannot be shown.`, 'It may have been deleted meanwhile.')));
    return element('div', {className: 'fit'}, image, ...(view.boxed ? boxOf(event, image) : []));
  }

  openClip(stage) {
    const {event, recording} = this.part;
    const poster = event.poster ? urlOf(recording, event.poster) : '';
    stage.replaceChildren(poster ? element('img', {src: poster, alt: ''}) : element('span', {className: 'waiting'}));
    this.opening = setTimeout(() => this.play(stage, poster), openDelay);
  }

  play(stage, poster) {
    const {event, recording} = this.part;
    const video = element('video', {controls: true, muted: true, preload: 'auto', poster, src: urlOf(recording, recording.file), 'aria-label': `Clip of ${cameraOf(recording)}`});
    video.setAttribute('playsinline', '');
    video.addEventListener('loadedmetadata', () => {
      if (video.videoWidth === 0) return this.cannotPlay(stage);
      video.currentTime = Math.max(0, event.begin_ns / 1e9 - leadIn);
      if (!matchMedia('(prefers-reduced-motion: reduce)').matches) video.play().catch(() => {});
    });
    video.addEventListener('error', () => this.cannotPlay(stage));
    for (const name of ['timeupdate', 'seeked', 'play']) video.addEventListener(name, () => this.follow());
    this.video = video;
    const boxes = boxOf(event, video);
    this.box = boxes[0];
    stage.replaceChildren(element('div', {className: 'fit'}, video, ...boxes));
  }

  // The curve's cursor goes with the clip, frame by frame; the box shows while its moment is near.
  follow() {
    const {video} = this;
    if (!video) return;
    this.curve.follow(video.currentTime * 1000);
    if (this.box) this.box.hidden = Math.abs(video.currentTime - this.part.event.peak_ns / 1e9) > 0.6;
    if (video.paused || video.ended || this.following) return;
    this.following = requestAnimationFrame(() => { this.following = 0; this.follow(); });
  }

  seek(ms) {
    if (this.video && this.video.readyState > 0) this.video.currentTime = ms / 1000;
    else this.curve.follow(ms);
  }

  toggle() {
    if (!this.video) {
      const clip = this.views.find((view) => !view.image);
      if (clip) this.showView(clip);
    } else if (this.video.paused) {
      this.video.play().catch(() => {});
    } else {
      this.video.pause();
    }
  }

  dropVideo() {
    if (!this.video) return;
    this.video.pause();
    this.video.removeAttribute('src');
    this.video.load();
    this.video = this.box = null;
  }

  cannotPlay(stage) {
    const {recording} = this.part;
    this.video = this.box = null;
    const name = recording.file;
    stage.replaceChildren(message(`This browser cannot play ${name}.`,
      'Open the file in a video player, or try another browser. H.264 in MP4 plays everywhere: noveltyrecord writes it when a decoder stands before it, and this converts a clip:',
      `ffmpeg -i '${name.replaceAll("'", "'\\''")}' -c:v libx264 -pix_fmt yuv420p converted.mp4`));
  }

  showFacts() {
    const {event} = this;
    const {recording} = event.lead;
    byId('title').textContent = event.camera;
    byId('subtitle').textContent = `${whenText(event)} · ${lengthText(event.length)}`;
    byId('rarity-words').textContent = rarityWords(event.p);
    byId('rarity-words').className = `rarity-words ${levelOf(event)}`;
    const rows = [];
    if (event.utc === null) rows.push(['In the footage', place(event.stream)]);
    else rows.push(['Local time', localText(event.utc)], ['UTC', utcText(event.utc)]);
    if (recording.camera_clock) rows.push(['Camera’s clock', `${recording.camera_clock} at the clip’s start`]);
    const {begin_ns: begin, end_ns: end} = event.lead.event;
    if (recording.kind !== 'frame') rows.push(['In the clip', `${place(begin / 1e6)} – ${place(end / 1e6)}`]);
    rows.push(['Lasted', lengthText(event.length)], ['Camera', event.camera],
      ['Highest score', `${scoreText(event.score)} (threshold ${scoreText(event.threshold)})`],
      ['p-value', pText(event.p)],
      ['Model', recording.model ? recording.model.slice(0, 12) : '–', recording.model]);
    byId('facts').replaceChildren(...rows.flatMap(([name, value, title]) => [element('dt', {}, name), element('dd', title ? {title} : {}, value)]));
    byId('notes').replaceChildren(...notesOf(event).map((note) => element('li', {}, note)));
  }
}

function viewsOf({recording, event}) {
  const views = [];
  if (!recording.gone) views.push(recording.kind === 'frame' ? {name: 'Picture', image: recording.file, boxed: true} : {name: 'Clip'});
  if (event.poster && event.poster !== recording.file) views.push({name: 'Picture', image: event.poster, boxed: true});
  if (event.map) views.push({name: 'Anomaly map', image: event.map});
  return views;
}

function notesOf(event) {
  const all = (name) => event.parts.some((part) => part.recording[name]);
  const notes = [];
  if (all('truncated')) notes.push('The recording ends early: the disk could not keep up.');
  if (all('recovered')) notes.push('The recorder was stopped in the middle; the recording was repaired.');
  if (event.parts.length > 1) notes.push(`${event.parts.length} recordings show this event: the numbers choose.`);
  else if (all('continued')) notes.push('The recording goes on from the one before it.');
  if (all('pinned')) notes.push('Pinned: never deleted to make room.');
  if (!event.recorded) notes.push('The footage is gone, so it cannot be marked as normal.');
  return notes;
}

// Where the novelty was, over a picture or clip; nothing where that is not known.
function boxOf(event, medium) {
  if (!event.region) return [];
  const [x, y, width, height] = event.region;
  const box = element('span', {className: 'region', title: 'the most novel region at the peak'});
  const fit = () => {
    const natural = (medium.videoWidth || medium.naturalWidth) / (medium.videoHeight || medium.naturalHeight);
    if (!(natural > 0)) return;
    const shown = Math.min(medium.clientWidth, medium.clientHeight * natural);
    const left = (medium.clientWidth - shown) / 2, top = (medium.clientHeight - shown / natural) / 2;
    Object.assign(box.style, {left: `${left + x * shown}px`, top: `${top + y * shown / natural}px`, width: `${width * shown}px`, height: `${height * shown / natural}px`});
  };
  for (const name of ['load', 'loadedmetadata']) medium.addEventListener(name, fit);
  new ResizeObserver(fit).observe(medium);
  return [box];
}

function message(title, text, command) {
  const made = element('div', {className: 'message', role: 'alert'}, element('b', {}, title), element('p', {}, text));
  if (command) made.append(element('code', {}, command));
  return made;
}

// Buttons of which one is on.
function segments(box, choices, chosen, onChoose) {
  box.replaceChildren(...choices.map(([name, choice]) => {
    const button = element('button', {type: 'button', 'aria-pressed': String(choice === chosen)}, name);
    button.addEventListener('click', () => {
      onChoose(choice);
      [...box.children].find((child) => child.textContent === name)?.focus();
    });
    return button;
  }));
}
