// An administrator adds a person, gives a role and takes it away, makes a password link, changes the login, disables the account, looks at the
// organisation and at what runs by itself, and has a program told. `given`: { login, password, unit, role, other, name, new }.

import { logIn } from './steps.mjs';

// Presses what is asked once more, and then does it.
async function confirmed(on, form, name, until) {
  await on.press(`details:has(form[action$="${form}"]) > summary`, `${name}-asked`, `form[action$="${form}"] button`);
  await on.press(`form[action$="${form}"] button`, name, until);
}

export default async function people(on) {
  const { unit, role, other, name } = on.given;
  await logIn(on);
  await on.open('/admin', 'parts');
  await on.press('.card[href="/admin/people"]', 'people', '.listed');
  await on.press('a[href="/admin/people/new"]', 'new', '#login');
  await on.fill('#name', name);
  await on.fill('#login', on.given.login);
  await on.choose('#role', role);
  await on.choose('#unit', unit);
  await on.press('.fields button', 'login-taken', '#login-fault', { status: 409 });
  await on.fill('#login', on.given.new);
  await on.press('.fields button', 'added', '#link');
  await on.sees('#link', '/set-password/');

  await on.press('#person', 'person', '#roles');
  await on.choose('#role', other);
  await on.choose('#unit', unit);
  await on.press('#roles .fields button', 'given', '.told');
  const taken = `#roles details:has(input[value="${other}"])`;
  await on.press(`${taken} > summary`, 'take-asked', `${taken} button`);
  await on.press(`${taken} button`, 'taken', '.told');
  await on.lacks(taken);
  await confirmed(on, '/password-link', 'link', '#link');
  await on.press('#account details > summary', 'login-asked', '#login');
  await on.fill('#login', on.given.login);
  await on.press('#account .fields button', 'login-not-given', '#login-fault', { status: 409 });
  await on.fill('#login', on.given.new);
  await on.press('#account .fields button', 'login-given', '.told');
  await confirmed(on, '/disable', 'disabled', '.told');

  await on.open(`/admin/people?state=disabled&text=${on.given.new}`, 'found');
  await on.sees('.listed', name);
  await on.open('/admin/people?text=nobody+is+called+so', 'none-found');

  await on.open('/admin/units', 'units');
  await on.fill('#text', unit);
  await on.press('.beside button', 'unit-found', `.tree a[href="/admin/units/${unit}"]`);
  await on.press(`.tree a[href="/admin/units/${unit}"]`, 'unit', '.facts');
  await on.open('/admin/delegations', 'lent');

  for (const part of ['health', 'deliveries', 'parked', 'jobs']) await on.open(`/admin/${part}`, part);
  await on.open('/admin/webhooks', 'webhooks');
  await on.fill('#url', 'https://elsewhere.example/');
  await on.press('.fields button', 'webhook-wrong', '#url-fault', { status: 422 });
  await on.fill('#url', 'https://receiver.example/');
  await on.press('.fields button', 'webhook-added', '#made');
  await on.sees('#made', 'whsec_');
  await on.press('.once h2 a', 'webhook', '.facts');
  await on.press('form[action$="/test"] button', 'untaken', '.problem');
  await confirmed(on, '/pause', 'paused', '.told');
  await confirmed(on, '/go-on', 'going-on', '.told');
  await confirmed(on, '/remove', 'removed', '.told');
}
