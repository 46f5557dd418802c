// Steps that several journeys share.

// A drawing and a letter, as small as they can be.
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg==';
export const PDF = Buffer.from('%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n').toString('base64');

export async function logIn(on) {
  await comeIn(on, on.given.login, 'desk');
}

// Somebody comes in, in place of whoever was in.
export async function comeIn(on, login, name, until = /\/$/) {
  await on.context.clearCookies({ name: 'parvaneh' });
  await on.open('/login', `login before ${name}`);
  await on.fill('#login', login);
  await on.fill('#password', on.given.password);
  await on.press('form[action="/login"] button.main', name, until);
}

// Does what the open form is for, and sees it said.
export async function doIt(on, name) {
  await on.press('#doing button[value=do]', name, '#doing .done');
}

// Does one thing on the page of a case.
export async function does(on, id, what, fills = {}) {
  await on.open(`/cases/${id}/do/${what}`, what);
  for (const [field, value] of Object.entries(fills)) await on.fill(`[id="${field}"]`, value);
  await doIt(on, `${what}, done`);
}

// Takes a task that has just come in out of the worklist, and opens its case.
export async function takes(on, id, who) {
  await comeIn(on, who, `desk of ${who}`);
  await on.open('/worklist', `worklist of ${who}`);
  const row = `tr:has(a[href="/cases/${id}"])`;
  await on.press(`${row} .claim`, `taken by ${who}`, '.done');
  await on.press(`a.case[href="/cases/${id}"]`, `case of ${who}`, 'article.case');
}
