// `finetune schedule …`: recurring retrains on the server's Schedules. A Worker has to run somewhere when one is due.
import { InvalidArgumentError, Option, type Command } from 'commander';
import Table from 'cli-table3';
import { ScheduleAlreadyRunning, ScheduleNotFoundError, type Client, type ScheduleHandle } from '@temporalio/client';
import { FinalError } from '../../errors.js';
import { parseRetrainSpec, type RetrainSpec } from '../../spec/retrain.js';
import { findTarget } from '../../temporal/connection.js';
import {
  createRetrainSchedule,
  listRetrainSchedules,
  updateRetrainSchedule,
  type RetrainScheduleOptions,
} from '../../temporal/schedules.js';
import { action, plainAction } from '../action.js';
import { connectClient } from '../connect.js';
import { cronText } from '../cron-text.js';
import { EXIT } from '../follow.js';
import { callOn, quoted } from '../invocation.js';
import { withCommon, withConnection, type CommonOptionValues, type ConnectionOptionValues } from '../options.js';
import type { Output } from '../output.js';
import { readJsonFile, resolveSpecPaths } from '../spec-file.js';

type ServerOptions = ConnectionOptionValues & CommonOptionValues;

interface TimeOptions extends ServerOptions {
  id?: string;
  cron?: string[];
  every?: number;
  timezone?: string;
  jitter?: number;
  overlap?: 'skip' | 'bufferOne';
  catchUp?: number;
  pauseOnFailure?: boolean;
  paused?: boolean;
  /** Leaves the queue as it is. */
  keepsQueue?: boolean;
}

const SHOWN_RUNS = 5;
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 24 * 3600, w: 7 * 24 * 3600 };

/** Adds the command and its parts. */
export function addScheduleCommand(program: Command): void {
  const schedule = program.command('schedule').description('retrain again and again, on a Schedule of the server');
  const withTimes = (command: Command): Command =>
    command
      .option('--id <schedule-id>', 'default: "retrain-" and the name of the champion (output.name)')
      .option('--cron <expression...>', 'when, e.g. "0 3 1 * *": at three in the morning of each first of a month')
      .option('--every <interval>', 'how often, e.g. 12h, 30d, 2w', interval)
      .option('--timezone <name>', 'of the cron expressions, e.g. Europe/Berlin; default: UTC')
      .option('--jitter <interval>', 'put each start off by chance, by so much at most', interval)
      .addOption(
        new Option(
          '--overlap <policy>',
          'a start while a retrain goes on: left out (skip), or made after it (bufferOne); default: skip',
        ).choices(['skip', 'bufferOne']),
      )
      .option('--catch-up <interval>', 'how late a start may be after an outage; default: 1d', interval)
      .option('--pause-on-failure', 'pause when a retrain fails; so it is by default')
      .option('--no-pause-on-failure', 'go on when a retrain fails')
      .option('--paused', 'start nothing until it is resumed');
  withCommon(
    withConnection(withTimes(schedule.command('create').argument('<spec>').description('make a Schedule from a spec'))),
  ).action(action(create));
  withCommon(
    withConnection(
      withTimes(
        schedule
          .command('update')
          .argument('<spec>')
          .description('change the spec of a Schedule, and its times and policies where they are given'),
      ),
    ),
  ).action((path: string, options: TimeOptions, command: Command) => {
    // The queue's default is that of a new Schedule; one that is there keeps its own.
    const keepsQueue = command.getOptionValueSource('taskQueue') === 'default';
    return action(update)(path, { ...options, keepsQueue });
  });
  withCommon(withConnection(schedule.command('list').description('the Schedules, and when each is due'))).action(
    plainAction(list),
  );
  withCommon(
    withConnection(
      schedule.command('describe').argument('<schedule-id>').description('times, policies, and the newest retrains'),
    ),
  ).action(action(describe));
  // Without a policy a trigger starts one beside another, and the Schedule neither counts it as running nor minds its failure.
  const acts = [
    ['trigger', 'retrain now, unless one is at work', (handle) => handle.trigger('SKIP')],
    ['pause', 'start nothing until it is resumed', (handle) => handle.pause('paused by finetune schedule pause')],
    ['resume', 'go on', (handle) => handle.unpause('resumed by finetune schedule resume')],
    ['delete', 'remove the Schedule; the champion and its history stay', (handle) => handle.delete()],
  ] as const satisfies readonly (readonly [string, string, (handle: ScheduleHandle) => Promise<void>])[];
  for (const [name, description, act] of acts) {
    const command = schedule.command(name).argument('<schedule-id>').description(description);
    withCommon(withConnection(command)).action(action(onSchedule(name, act)));
  }
}

async function create(path: string, options: TimeOptions, output: Output): Promise<number> {
  const spec = await readRetrainSpec(path);
  const client = await connectClient(await findTarget(options), output);
  const { scheduleId } = await createRetrainSchedule(client, spec, timesOf(options)).catch((error: unknown) => {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    throw new FinalError(
      'InvalidSpec',
      `schedule: ${error.scheduleId} is there already. \`${callOn(`schedule update ${quoted(path)}${options.id === undefined ? '' : ` --id ${quoted(options.id)}`}`, options)}\` changes it.`,
      { cause: error },
    );
  });
  return tell(client, scheduleId, 'Made', options, output);
}

async function update(path: string, options: TimeOptions, output: Output): Promise<number> {
  const spec = await readRetrainSpec(path);
  const client = await connectClient(await findTarget(options), output);
  const { scheduleId } = await updateRetrainSchedule(client, spec, timesOf(options)).catch(unknownSchedule(options));
  return tell(client, scheduleId, 'Changed', options, output);
}

async function list(options: ServerOptions, output: Output): Promise<number> {
  const client = await connectClient(await findTarget(options), output);
  const schedules = await listRetrainSchedules(client);
  const table = new Table({
    head: ['schedule', 'next (UTC)', 'last run', ''],
    style: { head: [], border: [], compact: true },
  });
  for (const { scheduleId, paused, note, next, recent } of schedules) {
    const state = paused ? `paused${note ? `: ${note}` : ''}` : '';
    table.push([scheduleId, paused ? '–' : shown(next[0]), recent.at(-1)?.workflowId ?? '–', state]);
  }
  output.say(schedules.length > 0 ? table.toString() : 'No Schedule retrains anything on this server');
  output.set({ schedules });
  return EXIT.completed;
}

async function describe(scheduleId: string, options: ServerOptions, output: Output): Promise<number> {
  const client = await connectClient(await findTarget(options), output);
  const described = await client.schedule.getHandle(scheduleId).describe().catch(unknownSchedule(options));
  const { spec, policies, info, action: start, state } = described;
  const { intervals = [], calendars = [], timezone, jitter } = spec;
  const times = [...calendars.map(cronText), ...intervals.map(({ every }) => `every ${duration(Number(every))}`)];
  const newest = info.recentActions.map(({ action: { workflow } }) => workflow.workflowId).slice(-SHOWN_RUNS);
  const recent = await Promise.all(
    newest.map(async (workflowId) => ({ workflowId, end: await endOf(client, workflowId) })),
  );
  output.say(`${scheduleId}: ${start.workflowType} on the queue "${start.taskQueue}"${state.paused ? ', paused' : ''}`);
  if (state.note) output.say(`  note      ${state.note}`);
  output.say(
    `  when      ${times.join('; ')} (${timezone || 'UTC'})${jitter ? `, put off by ${duration(jitter)} at most` : ''}`,
  );
  output.say(`  next      ${nextOf(info.nextActionTimes)}`);
  output.say(
    `  policies  overlap ${policies.overlap}, catch-up ${duration(policies.catchupWindow)}, ${policies.pauseOnFailure ? 'pauses' : 'goes on'} when a retrain fails`,
  );
  recent.forEach(({ workflowId, end }, index) =>
    output.say(`  ${index === 0 ? 'retrains' : '        '}  ${workflowId}  ${end}`),
  );
  output.set({ scheduleId, paused: state.paused, times, timezone, next: info.nextActionTimes, policies, recent });
  return EXIT.completed;
}

/** The outcome of a retrain, or the status of one that has none. */
async function endOf(client: Client, workflowId: string): Promise<string> {
  try {
    const { status, memo } = await client.workflow.getHandle(workflowId).describe();
    return typeof memo?.outcome === 'string' ? memo.outcome : status.name.toLowerCase();
  } catch {
    return 'no longer kept by the server';
  }
}

function onSchedule(
  name: string,
  act: (handle: ScheduleHandle) => Promise<void>,
): (scheduleId: string, options: ServerOptions, output: Output) => Promise<number> {
  return async (scheduleId, options, output) => {
    const client = await connectClient(await findTarget(options), output);
    await act(client.schedule.getHandle(scheduleId)).catch(unknownSchedule(options));
    const done = { trigger: 'Triggered', pause: 'Paused', resume: 'Resumed', delete: 'Deleted' }[name] ?? name;
    if (name !== 'delete') return tell(client, scheduleId, done, options, output);
    output.say(`${done} ${scheduleId}`);
    output.set({ scheduleId, deleted: true });
    return EXIT.completed;
  };
}

async function tell(
  client: Client,
  scheduleId: string,
  done: string,
  options: ConnectionOptionValues,
  output: Output,
): Promise<number> {
  const { state, info, policies } = await client.schedule.getHandle(scheduleId).describe();
  output.say(`${done} ${scheduleId}${state.paused ? ' (paused)' : ''}`);
  output.say(`  next ${nextOf(info.nextActionTimes)}`);
  const running = info.runningActions.map(({ workflow }) => workflow.workflowId);
  if (running.length > 0)
    output.say(`  running ${running.join(', ')}; \`${callOn(`watch ${quoted(running[0]!)}`, options)}\` follows it`);
  output.set({ scheduleId, paused: state.paused, next: info.nextActionTimes, running, policies });
  return EXIT.completed;
}

function unknownSchedule(options: ConnectionOptionValues): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new FinalError(
      'InvalidSpec',
      `schedule: there is no ${error.scheduleId} on this server. \`${callOn('schedule list', options)}\` shows those that are there.`,
      { cause: error },
    );
  };
}

/** Reads a retrain spec; paths are made absolute against the working directory. */
async function readRetrainSpec(path: string): Promise<RetrainSpec> {
  const spec = parseRetrainSpec(await readJsonFile(path));
  return { ...spec, ...resolveSpecPaths(spec) };
}

function timesOf(options: TimeOptions): RetrainScheduleOptions {
  const { id, cron, every, timezone, jitter, overlap, catchUp, pauseOnFailure, paused, keepsQueue } = options;
  const taskQueue = keepsQueue === true ? undefined : options.taskQueue;
  return {
    ...{ scheduleId: id, taskQueue, cron, everyMs: every, timezone, jitterMs: jitter },
    ...{ catchupWindowMs: catchUp, pauseOnFailure, paused },
    overlap: overlap && ({ skip: 'SKIP', bufferOne: 'BUFFER_ONE' } as const)[overlap],
  };
}

/** Milliseconds of `12h`, `30d`, `2w`. */
function interval(text: string): number {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim()) ?? [];
  const seconds = Number(count) * (UNITS[unit] ?? NaN);
  if (!(seconds > 0)) throw new InvalidArgumentError(`a number with s, m, h, d or w is needed, got "${text}".`);
  return 1000 * seconds;
}

/** The next three starts. */
function nextOf(times: readonly Date[]): string {
  return times.length === 0 ? '–' : `${times.slice(0, 3).map(shown).join(', ')} UTC`;
}

/** Milliseconds as they are given, e.g. `30d`. */
function duration(ms: number): string {
  const [unit, seconds] = Object.entries(UNITS).findLast(([, size]) => ms % (1000 * size) === 0) ?? ['s', 1];
  return `${ms / (1000 * seconds)}${unit}`;
}

const shown = (time: Date | undefined): string => (time ? time.toISOString().slice(0, 16).replace('T', ' ') : '–');
