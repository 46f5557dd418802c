// An officer comes in, finds a task, takes it and puts it back, by mouse and by keyboard.
// `given` is { login, password, subject, done, back }: what is told after taking it, and after putting it back.

export default async function worklist(on) {
  const { login, password, subject, done, back } = on.given;
  const row = `tr:has-text("${subject}")`;
  await on.open('/login', 'login');
  await on.fill('#login', login);
  await on.fill('#password', 'not the password');
  await on.press('main button.main', 'login-wrong', '[role=alert]', { status: 401 });
  await on.fill('#password', password);
  await on.press('main button.main', 'desk', '.roles');
  await on.press('.side a[href="/worklist"]', 'worklist', row);

  await on.press(`${row} .claim`, 'claimed', '.done');
  await on.sees('.done', done);
  await on.press('.done button', 'undone', `.done:has-text("${back}")`);

  await on.open('/worklist', 'search');
  await on.fill('#text', subject);
  await on.press('.filters > button', 'found', '.chosen');
  await on.sees('.rows', subject);
  await on.fill('#text', 'nothing is called like this');
  await on.press('.filters > button', 'nothing', '.nothing');

  await on.open('/worklist', 'again');
  await on.press('.head details:nth-of-type(1) summary', 'columns', '.head details[open]');
  await on.check('input[name=column][value=unit]');
  await on.press('.head details[open] button.main', 'more-columns', 'td[data-label]');

  if (!on.run.script) return;
  await on.open('/worklist', 'keys');
  await on.type('?', 'keys-shown', 'dialog[open]');
  await on.press('dialog[open] button', 'keys-hidden', '#worklist');
  await on.type('/', 'search-by-key', '#text:focus');
  await on.type('Escape', 'search-left', '#worklist');
  await on.type('j', 'first-row', '.case:focus');
  await on.type('j', 'second-row', '.case:focus');
  await on.type('k', 'back-up', '.case:focus');

  // What others do is shown as it happens: meanwhile applications come in.
  await on.open('/worklist', 'live');
  const rows = () => document.querySelectorAll('#worklist .case').length;
  const before = await on.page.evaluate(rows);
  await on.page.waitForFunction((count) => document.querySelectorAll('#worklist .case').length > count, before);
  await on.look('live-more');
}
