// Steps that several journeys share.

export async function logIn(on) {
  const { login, password } = on.given;
  await on.open('/login', 'login');
  await on.fill('#login', login);
  await on.fill('#password', password);
  await on.press('form[action="/login"] button.main', 'desk', /\/$/);
}

// Does what the open form is for, and sees it said.
export async function doIt(on, name) {
  await on.press('#doing button[value=do]', name, '#doing .done');
}
