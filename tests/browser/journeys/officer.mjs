// A licensing officer's day with one case: she logs in, finds it in her worklist, looks at it from every side, returns it
// in thought, accepts it, records what four bodies answer, and sends it on. `given`: { login, password, case }.

import { doIt, logIn } from './steps.mjs';

export default async function officer(on) {
  const { case: id } = on.given;
  const at = (rest) => `/cases/${id}${rest}`;
  await logIn(on);
  await on.open('/worklist', 'worklist');
  await on.press(`a.case[href="${at('')}"]`, 'case', 'article.case');
  await on.press('nav.tabs a[href$="/documents"]', 'documents', /\/documents$/);
  await on.press('nav.tabs a[href$="/timeline"]', 'timeline', 'ol.story');
  await on.press('nav.tabs a[href$="/workflow"]', 'workflow', '.drawing svg .node.here');
  await on.press('.ribbon a', 'deadline', 'table.days');

  // Taking the task: what follows is told before.
  await on.open(at(''), 'case again');
  await on.press('.case-do a[href$="/do/claim.1"]', 'claim', '#doing form');
  await on.sees('#consequences', '');
  await doIt(on, 'claimed');

  // Returning it needs a reason: the fault stands beside its input, and above the form.
  await on.open(at('/do/act.return'), 'return');
  await on.press('button[value=do]', 'return without a reason', '#reason-fault', { status: 422 });
  await on.press('#faults a[href="#reason"]', 'to the fault', /#reason$/);
  await on.fill('#reason', 'The deed of the premises is missing');
  await on.press('button[value=look]', 'return, looked at', '#consequences li');
  await on.press('.doing .row a.button', 'left', '.tabs a[aria-current]');

  // Accepting it, in place.
  await on.press('.case-do a[href$="/do/act.accept"]', 'accept', '#doing form');
  await on.page.locator('#consequences li').first().waitFor();
  await doIt(on, 'accepted');

  // Four bodies are asked; their letters come.
  await on.press('nav.tabs a[href$="/inquiries"]', 'inquiries', '#tab h2');
  for (const body of ['police', 'judiciary', 'intelligence', 'specialist_agency']) {
    await on.open(at(`/do/answer.${body}`), `answer of ${body}`);
    await on.check('input[name=answer][value=positive]');
    await on.fill('#reference', `1405/${body.length}`);
    await doIt(on, `answered by ${body}`);
  }
  await on.open(at('/inquiries'), 'inquiries answered');
  await on.lacks('a[href*="/do/answer."]');

  await on.open(at('/do/act.forward'), 'forward');
  await doIt(on, 'done');
  // It is the province's now: what she cannot do says why.
  await on.press('details.barred summary', 'why not', 'details.barred dd');
  await on.press('nav.tabs a[href$="/timeline"]', 'the whole story', 'ol.story li.moved');
  await on.open(at('/workflow'), 'the way it went');
}
