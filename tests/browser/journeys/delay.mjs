// A request is late: its applicant complains of that on its page, the complaints officer asks the unit, the unit explains,
// the director-general orders a decision, and the applicant reads what was decided and why.
// `given`: { applicant, password, case, code }: the late request, and the code by which it is named.

import { comeIn, does, takes } from './steps.mjs';

const next = '.ask button.main';

export default async function delay(on) {
  const fa = on.run.language === 'fa';
  const { applicant, case: late, code } = on.given;
  const order = fa ? 'تا ده روز دیگر رأی بدهید' : 'Decide within ten days';

  await comeIn(on, applicant, 'mine', /\/my$/);
  await on.press(`a[href="/my/${late}"]`, 'late', '.times .is-late');
  await on.press('a[href^="/apply/delay-complaint?case="]', 'complain', 'form[action="/apply/delay-complaint"]');
  await on.press('form[action="/apply/delay-complaint"] button.main', 'questions', 'dl.answers');
  // Of what he complains is known from where he came.
  await on.sees('dl.answers', code);
  await on.press('.row a.main', 'office', /ask\/unit$/);
  await on.choose('#answer', '23');
  await on.press(next, 'subject', /ask\/subject$/);
  await on.fill('#answer', fa ? 'درخواست من بی‌پاسخ مانده است' : 'My request is unanswered');
  await on.press(next, 'check', 'form[action="' + new URL(on.page.url()).pathname.replace(/\/ask.*/, '') + '"] button.main');
  await on.press('form[action^="/drafts/"] button.main', 'receipt', /\/receipt$/);
  const id = new URL(on.page.url()).pathname.split('/')[2];

  await takes(on, id, 'complaints_officer');
  await on.sees('article.case', code);
  await does(on, id, 'act.ask_unit');
  await takes(on, id, 'unit_in_delay');
  await does(on, id, 'act.explain', { reason: fa ? 'کارشناس در مرخصی بود' : 'The officer was on leave' });
  await takes(on, id, 'provincial_director');
  await on.press('nav.tabs a[href$="/timeline"]', 'what was explained', 'ol.story');
  await on.sees('ol.story', fa ? 'کارشناس در مرخصی بود' : 'The officer was on leave');
  await does(on, id, 'act.order', { reason: order });

  await comeIn(on, applicant, 'mine again', /\/my$/);
  await on.press(`a[href="/my/${id}"]`, 'what became of it', 'article.public');
  await on.sees('article.public', fa ? 'دستور تعیین تکلیف' : 'a decision is ordered');
  await on.sees('article.public', order);
  // His request goes on, and he may complain again only if it stays late.
  await on.open(`/my/${late}`, 'his request');
}
