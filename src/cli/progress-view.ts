// Shows how a run goes on: one bar on a terminal, a plain line every few seconds elsewhere. A finished stage leaves a line.
import { SingleBar } from 'cli-progress';
import colors from 'picocolors';
import type { Stage, StageProgress } from '../spec/stages.js';
import { printable } from './printable.js';

/** What is shown of a run at one moment. */
export interface ProgressFrame {
  /** Absent when it is not known now: the one shown last stands. */
  stage?: Stage | 'done' | undefined;
  /** In place of the stage's own title. */
  title?: string | undefined;
  progress?: StageProgress | undefined;
  epoch?: number | undefined;
  epochs?: number | undefined;
  /** Stands in place of figures: a Worker is waited for, a retry, a pause. */
  note?: string | undefined;
}

/** Options of {@link ProgressView}. */
export interface ProgressViewOptions {
  stream: NodeJS.WriteStream;
  /** Seconds between plain lines; default 5. */
  everySeconds?: number;
  /** Milliseconds; default the process's clock. */
  now?: () => number;
}

const LABELS: Record<Stage | 'done', string> = {
  pin: 'pinning inputs',
  download: 'downloading',
  transform: 'transforming',
  split: 'splitting',
  corpus: 'building the corpus',
  tokenize: 'tokenizing and planning',
  evaluate: 'evaluating',
  train: 'training',
  publish: 'publishing',
  done: 'done',
};

/** Progress of a run on a stream. */
export class ProgressView {
  private readonly stream: NodeJS.WriteStream;
  private readonly now: () => number;
  private readonly everyMs: number;
  private bar: SingleBar | undefined;
  private title = '';
  private since = 0;
  private lastLine = '';
  private lastAt = -Infinity;

  constructor({ stream, everySeconds = 5, now = () => performance.now() }: ProgressViewOptions) {
    this.stream = stream;
    this.everyMs = everySeconds * 1000;
    this.now = now;
    this.since = now();
  }

  /** Shows a moment. */
  show(frame: ProgressFrame): void {
    // Nothing is known at this moment: what was shown last stands.
    if (frame.stage === undefined && frame.progress === undefined && frame.note === undefined) return;
    const title = frame.stage === undefined ? this.title : titleOf({ ...frame, stage: frame.stage });
    if (title !== this.title) this.next(title);
    if (frame.stage === 'done') return;
    const line = [...(title === '' ? [] : [title]), ...figures(frame)].join(' · ');
    if (this.stream.isTTY) {
      this.bar ??= this.startBar();
      const { done = 0, total = 0 } = frame.progress ?? {};
      this.bar.setTotal(Math.max(total, 1));
      this.bar.update(Math.min(done, total), { line });
    } else if (line !== this.lastLine && this.now() - this.lastAt >= this.everyMs) {
      this.stream.write(`  ${line}\n`);
      this.lastLine = line;
      this.lastAt = this.now();
    }
  }

  /** Writes a line without tearing the bar. */
  say(text: string): void {
    this.endBar();
    this.stream.write(`${printable(text)}\n`);
  }

  /** Ends the view; `finished` marks the last stage as done. */
  stop({ finished = false }: { finished?: boolean } = {}): void {
    if (finished) this.next('');
    this.endBar();
  }

  private next(title: string): void {
    this.endBar();
    if (this.title !== '' && this.title !== LABELS.done) {
      this.stream.write(`${colors.green('✓')} ${this.title} ${colors.dim(clock((this.now() - this.since) / 1000))}\n`);
    }
    this.title = title;
    this.since = this.now();
    // A stage that ends at once needs no line of its own beside the one that says it is done.
    this.lastAt = this.now() - this.everyMs / 2;
  }

  private startBar(): SingleBar {
    const bar = new SingleBar({
      stream: this.stream,
      format: `${colors.cyan('{bar}')} {percentage}%  {line}`,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 24,
      hideCursor: true,
      clearOnComplete: true,
      fps: 10,
      emptyOnZero: true,
    });
    bar.start(1, 0, { line: '' });
    return bar;
  }

  private endBar(): void {
    this.bar?.stop();
    this.bar = undefined;
  }
}

function titleOf({ stage, title, epoch, epochs, progress }: ProgressFrame & { stage: Stage | 'done' }): string {
  if (title !== undefined) return printable(title);
  const current = progress?.epoch ?? epoch;
  const of = progress?.epochs ?? epochs;
  return stage === 'train' && current ? `${LABELS.train}, epoch ${current}${of ? `/${of}` : ''}` : LABELS[stage];
}

function figures({ progress, note }: ProgressFrame): string[] {
  const parts: string[] = [];
  if (progress && progress.total > 0) {
    const unit = progress.unit === 'steps' ? 'step' : progress.unit;
    parts.push(
      unit === 'bytes'
        ? `${megabytes(progress.done)} of ${megabytes(progress.total)} MB`
        : `${unit} ${progress.done}/${progress.total}`,
    );
  }
  if (progress?.loss !== undefined) parts.push(`loss ${progress.loss.toFixed(4)}`);
  if (progress?.pairsPerSecond !== undefined) parts.push(`${progress.pairsPerSecond.toFixed(1)} pairs/s`);
  if (progress?.etaSeconds !== undefined) parts.push(`ETA ${clock(progress.etaSeconds)}`);
  const remark = note ?? progress?.note;
  if (remark !== undefined) parts.push(printable(remark.split('\n')[0] ?? '').slice(0, 120));
  return parts;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}

/** Seconds as `0:07`, `12:03` or `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
