// An officer makes links for the body of an inquiry, takes one back, and by the other the body answers without a login.
// `given`: { login, password, case }.

import { logIn } from './steps.mjs';

export default async function linked(on) {
  const inquiries = `/cases/${on.given.case}/inquiries`;
  const police = 'form[action$="/inquiries/police/links"] button';
  await logIn(on);
  await on.open(inquiries, 'inquiries');
  await on.press(police, 'link made', '#fresh-link');
  const first = await on.page.locator('#fresh-link').inputValue();
  await on.press('.links form button', 'link taken back', /\/inquiries$/);
  await on.lacks('#fresh-link');
  await on.press(police, 'another link', '#fresh-link');
  const link = await on.page.locator('#fresh-link').inputValue();
  await on.open(inquiries, 'shown once');
  await on.lacks('#fresh-link');

  // As somebody else, who has never come in.
  await on.context.clearCookies({ name: 'parvaneh' });
  const to = async (address, name, until, status) => {
    if (on.run.script) {
      on.expected = new Set([status]);
      on.at = name;
      await on.page.goto('about:blank');
      await on.page.goto(address.replace(/^https?:\/\/[^/]+/, on.plan.address));
      await on.reach(until);
      await on.look(name);
    } else {
      await on.open('/inquiry', 'paste');
      await on.fill('#link', address);
      await on.press('main button.main', name, until, { status });
    }
  };
  await to(first, 'taken back', '[role=alert]', 410);
  await to(link, 'asked', 'form[action="/inquiry/answer"]', 200);
  await on.press('form[action="/inquiry/answer"] button.main', 'nothing chosen', '[role=alert]', { status: 422 });
  await on.check('[name=answer][value=positive]');
  await on.fill('#reference', '1403/77');
  await on.press('form[action="/inquiry/answer"] button.main', 'answered', '[role=status]:has-text("✓")');
  await to(link, 'spent', '[role=alert]', 410);
}
