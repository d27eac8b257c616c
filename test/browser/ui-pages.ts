// The pages of the Temporal UI (2.54) as the browser test uses them: the start form, a run's page, its dialogs, the form for schedules.
// Selectors are the UI's own test ids and labels.
import { existsSync } from 'node:fs';
import { chromium, type Browser, type FrameLocator, type Page } from 'playwright-core';
import { expect } from 'vitest';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** The browser on this machine, or undefined: `CHROMIUM` names one. */
export const chromiumPath = [process.env.CHROMIUM, ...PROGRAMS].find((path) => path !== undefined && existsSync(path));

/** Opens a browser and a page, 1200 points wide. */
export async function openBrowser(): Promise<{ browser: Browser; page: Page }> {
  const browser = await chromium.launch({
    executablePath: chromiumPath!,
    // As root the sandbox cannot start; only the loopback server is visited.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  const page = await browser.newPage({ viewport: { width: 1200, height: 900 }, deviceScaleFactor: 2 });
  page.setDefaultTimeout(20_000);
  return { browser, page };
}

/** Drives the pages. */
export class TemporalUi {
  constructor(
    readonly page: Page,
    private readonly uiUrl: string,
  ) {}

  /** Starts a workflow from the form; without `json`, with no input. */
  async start(input: { workflowId: string; taskQueue: string; workflowType: string; json?: string }): Promise<void> {
    const { page } = this;
    await page.goto(`${this.uiUrl}/namespaces/default/workflows/start-workflow`);
    await page.getByTestId('workflowId').fill(input.workflowId);
    await page.getByTestId('taskQueue').fill(input.taskQueue);
    await page.getByTestId('workflowType').fill(input.workflowType);
    if (input.json !== undefined) await this.typeJson('Data', input.json);
    // The form stays where it is; the server's answer is the sign.
    const answered = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.getByTestId('start-workflow-button').click();
    expect((await answered).ok(), `the start of ${input.workflowId} is accepted`).toBe(true);
  }

  /** What stands in the form that starts a workflow, once it is opened by a link. */
  async formAt(link: string): Promise<{ workflowType: string; taskQueue: string; json: string }> {
    const { page } = this;
    await page.goto(link);
    const editor = page.getByLabel('Data').locator('visible=true').first();
    await expect.poll(() => editor.innerText(), { timeout: 15_000 }).toMatch(/\w/);
    return {
      workflowType: await page.getByTestId('workflowType').inputValue(),
      taskQueue: await page.getByTestId('taskQueue').inputValue(),
      json: await editor.innerText(),
    };
  }

  /** Opens a part of a run's page. */
  async open(
    workflowId: string,
    part: 'timeline' | 'history' | 'user-metadata' | 'pending-activities' | 'memo',
  ): Promise<void> {
    await this.page.goto(`${this.uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`);
    await this.page.waitForURL(/\/workflows\/[^/]+\/[^/]+/);
    const base = /^(.*\/workflows\/[^/]+\/[^/]+)/.exec(this.page.url())![1]!;
    await this.page.goto(`${base}/${part}`);
  }

  /** The frame that shows the run's current details. */
  details(): FrameLocator {
    return this.page.frameLocator('iframe').last();
  }

  /** Loads the details anew until they hold the text; returns all of it. */
  async detailsWith(workflowId: string, text: RegExp, limitMs = 120_000): Promise<string> {
    const until = Date.now() + limitMs;
    let shown = '';
    while (Date.now() < until) {
      await this.open(workflowId, 'user-metadata');
      shown = await this.details()
        .locator('body')
        .innerHTML({ timeout: 10_000 })
        .catch(() => '');
      if (text.test(shown)) return shown;
      await this.page.waitForTimeout(300);
    }
    throw new Error(`details: ${String(text)} is to be shown within ${limitMs} ms, got ${shown.slice(0, 2000)}`);
  }

  /** Sends a signal or an update from the dialog of a run's page. */
  async send(kind: 'signal' | 'update', name: string, json?: string): Promise<void> {
    const { page } = this;
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.locator(`[data-testid=${kind}-button]:visible`).click();
    const dialog = page.locator('dialog[open]');
    await dialog.locator(`#${kind}-select-button, [data-testid=${kind}-select-button]`).first().click();
    await page
      .locator('[role=option]')
      .filter({ hasText: new RegExp(`^\\s*${name}`) })
      .first()
      .click();
    if (json !== undefined) await this.typeJson('Data', json);
    await dialog.getByTestId('confirm-modal-button').click();
  }

  /** Creates a schedule from its form, for three in the morning. */
  async createSchedule(input: {
    name: string;
    workflowId: string;
    workflowType: string;
    taskQueue: string;
    json: string;
    /** Catches up for a day at most, and pauses when a run fails. */
    strict?: boolean;
  }): Promise<void> {
    const { page } = this;
    await page.goto(`${this.uiUrl}/namespaces/default/schedules/create`);
    await page.locator('input#name').fill(input.name);
    await page.locator('input#workflowType').fill(input.workflowType);
    await page.locator('input#workflowId').fill(input.workflowId);
    await page.locator('input#taskQueue').fill(input.taskQueue);
    await this.typeJson('JSON Data', input.json);
    await page.getByPlaceholder('* * * * *').fill('0 3 * * *');
    if (input.strict === true) {
      await page.getByRole('button', { name: 'Edit Schedule Policies' }).click();
      await page.locator('#catchup-window-policy-duration').fill('1');
      // The round button lies under its own label's picture.
      await page.locator('#pause-on-failure').check({ force: true });
      await page.getByRole('button', { name: 'Update Policies' }).click();
    }
    await page.getByTestId('create-schedule-button').click();
    await page.waitForURL((url) => !url.pathname.endsWith('/schedules/create'));
  }

  private async typeJson(label: string, json: string): Promise<void> {
    const editor = this.page.getByLabel(label).locator('visible=true').first();
    await editor.click();
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(json);
    // Left, the editor lays the JSON out anew, which moves what is to be clicked next.
    await editor.blur();
    await this.page.waitForTimeout(300);
  }
}
