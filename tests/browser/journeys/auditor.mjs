// An auditor's day: she looks at what happened last, finds a person's doings, reads the whole story of a case, sees who
// looked at it, and what is worth a look. `given`: { login, password, case, person }.

import { logIn } from './steps.mjs';

export default async function auditor(on) {
  const { case: id, person } = on.given;
  await logIn(on);
  await on.press('.side a[href="/audit"]', 'search', '.rows');
  await on.fill('#person', person);
  await on.press('.filters button.main', 'found', '.chosen');
  await on.sees('.rows', person);
  await on.fill('#since', 'yesterday');
  await on.press('.filters button.main', 'not a day', '#since-fault', { status: 422 });
  await on.open('/audit?kind=extended', 'nothing found');
  await on.sees('.nothing', '');

  await on.open('/audit?kind=acted', 'actions');
  await on.press(`a.case[href^="/audit/cases/${id}"]`, 'story', 'ol.whole');
  await on.lacks('.broken');
  await on.press('ol.whole li details summary', 'as it is recorded', 'ol.whole li details[open] pre');
  await on.press(`a[href="/audit/looks?code=${id}"]`, 'looks', '#found');
  await on.open('/audit/looks', 'all looks');
  await on.open('/audit/patterns', 'patterns');
  await on.press('.rules a[href*="outside-hours"]', 'outside hours', '#n');
  await on.fill('#n', 'many');
  await on.press('.filters button.main', 'not a number', '#n-fault', { status: 422 });
  await on.open('/audit/patterns?rule=series', 'series');
  // The case itself has no button for her.
  await on.open(`/cases/${id}`, 'case');
  await on.lacks('.case-do a.button');
}
