// An administrator publishes a second version of a procedure and moves the running cases to it: a text with a fault is shown
// with its line, what differs is seen before it is published, what would become of every deadline before cases move.
// `given`: { login, password, workflow, source }.

import { logIn } from './steps.mjs';

export default async function administrator(on) {
  const { workflow, source } = on.given;
  const at = `/admin/workflows/${workflow}`;
  await logIn(on);
  await on.open('/admin', 'administration');
  await on.press('a.card[href="/admin/workflows"]', 'workflows', 'article.admin table.rows');
  await on.press(`h2 a[href="${at}"]`, 'a workflow', 'article.admin table.rows');
  await on.press(`a[href="${at}/1"]`, 'drawn', '.drawing svg .node');
  await on.press(`a[href="${at}/1/source"]`, 'written', '.source li');

  // A text with a fault: it stands at its line.
  await on.open(`/admin/publish/workflow?after=${workflow}`, 'publish');
  await on.fill('#source', source.replace('owner: county_officer', 'owner: county_offcer'));
  await on.press('button[value=look]', 'a fault', '.faults a', { status: 422 });
  await on.press('.faults a', 'the line of the fault', /#L\d+$/);
  await on.fill('#source', source);
  await on.press('button[value=look]', 'what differs', '#differences table');
  await on.sees('#differences', 'statutory.term');
  await on.press('button[value=publish]', 'published', new RegExp(`${at}/2$`));

  // No case is opened by the old one any more.
  await on.open(`${at}/1`, 'the old version');
  await on.press(`a[href="${at}/1/retired"]`, 'retire', 'form.ask');
  await on.press('button[value=yes]', 'retired', new RegExp(`${at}$`));
  await on.sees('table.rows tbody tr:last-child', '‖');

  // Moving its cases: a mapping is suggested, and looked at before anything moves.
  await on.press(`a[href="${at}/migration"]`, 'migration', '#mapping');
  await on.press('button[value=look]', 'dry run', '#dry-run dl');
  await on.press('button[value=begin]', 'begun', '#progress');
  await on.page.waitForTimeout(1_500);
  for (let again = 0; again < 20 && (await on.page.locator('#progress .mark.done').count()) === 0; again += 1) {
    await on.page.waitForTimeout(500);
    if (!on.run.script) await on.page.reload();
  }
  await on.sees('#progress', '✓');
  await on.open(at, 'moved');
}
