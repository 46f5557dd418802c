// From an application to the licence, everybody on his own pages: the applicant applies, the county checks the papers
// and asks four bodies, the province examines, the commission decides in a sitting, and the applicant has his licence.
// `given`: { applicant, password, day }: the day of the sitting.

import { PDF, PNG, comeIn, does, doIt, takes } from './steps.mjs';

const next = '.ask button.main';

// Every question with what is answered: one that is typed, chosen or attached.
function answers(fa) {
  const png = { name: 'مدرک.png', type: 'image/png', bytes: PNG };
  const pdf = { name: 'paper.pdf', type: 'application/pdf', bytes: PDF };
  return [
    ['province', { choose: '23' }],
    ['unit', { choose: '2301' }],
    ['subject', { type: fa ? 'خیریهٔ مهر' : 'The charity of kindness' }],
    ['v.organisation_name', { type: fa ? 'خیریهٔ مهر' : 'Kindness' }],
    ['v.organisation_kind', { check: 'charity' }],
    ['v.activity_scope', { check: 'county' }],
    ['v.capital', { type: fa ? '۵۰۰٬۰۰۰٬۰۰۰' : '500,000,000' }],
    ['v.founders', { type: fa ? '۷' : '7' }],
    ['v.representative_id', { type: '0013542419' }],
    ['v.phone', { type: '09121234567' }],
    ['v.address', { type: fa ? 'خیابان انقلاب، شمارهٔ ۱۲' : '12 Enghelab Street' }],
    ['v.field_of_work', { type: fa ? 'نگهداری سالمندان' : 'Care of the elderly' }],
    ['p.charter', { attach: pdf }],
    ['p.founders_identity', { attach: png }],
    ['p.assembly_minutes', { attach: pdf }],
    ['p.record', { attach: pdf, issued: '1403/01/20' }],
    ['p.office_deed', {}],
  ];
}

async function applies(on) {
  const fa = on.run.language === 'fa';
  await comeIn(on, on.given.applicant, 'begin', /\/my$/);
  await on.press('a.main[href="/licences"]', 'licences', 'a[href="/licences/ngo-establishment"]');
  await on.press('a[href="/licences/ngo-establishment"]', 'what it needs', '#needs');
  await on.press('a[href="/apply/ngo-establishment"]', 'apply', 'form[action="/apply/ngo-establishment"]');
  await on.press('form[action="/apply/ngo-establishment"] button.main', 'questions', 'dl.answers');
  const asked = answers(fa);
  await on.press('.row a.main', asked[0][0], new RegExp(`ask/${asked[0][0]}$`));
  for (const [no, [question, { choose, type, check, attach, issued }]] of asked.entries()) {
    if (choose) await on.choose('#answer', choose);
    if (type) await on.fill('#answer', type);
    if (check) await on.check(`input[name=answer][value=${check}]`);
    if (attach) await on.attach('#answer', attach);
    if (issued) await on.fill('#issued', issued);
    const [then] = asked[no + 1] ?? [];
    if (then) await on.press(next, then, new RegExp(`ask/${then.replace('.', '\\.')}$`));
    else await on.press(next, `after ${question}`, 'form[action^="/drafts/"] button.main');
  }
  await on.sees('dl.answers', fa ? 'خیریهٔ مهر' : 'Kindness');
  await on.press('form[action^="/drafts/"] button.main', 'receipt', /\/receipt$/);
  return new URL(on.page.url()).pathname.split('/')[2];
}

// The county's officer checks the papers, and asks.
async function receives(on, id) {
  await takes(on, id, 'county_officer');
  await on.press('nav.tabs a[href$="/documents"]', 'papers', /\/documents$/);
  for (const paper of ['charter', 'founders_identity', 'record']) {
    await on.open(`/cases/${id}/documents`, `papers before ${paper}`);
    await on.press(`#tab a[href$="/do/verify.${paper}"]`, `verify ${paper}`, '#doing form');
    await on.check('input[name=good][value=yes]');
    await doIt(on, `${paper} verified`);
  }
  await on.press('.case-do a[href$="/do/act.accept"]', 'accept', '#doing form');
  await doIt(on, 'inquiries begun');
}

// One body answers by its letter, the others by links that the officer has made, without a login.
async function answer(on, id) {
  await on.open(`/cases/${id}/do/answer.judiciary`, 'letter of the judiciary');
  await on.check('input[name=answer][value=positive]');
  await on.fill('#reference', '1403/12');
  await doIt(on, 'letter recorded');
  const links = [];
  for (const body of ['police', 'intelligence', 'specialist_agency']) {
    await on.open(`/cases/${id}/inquiries`, `inquiries before ${body}`);
    await on.press(`form[action$="/inquiries/${body}/links"] button`, `link for ${body}`, '#fresh-link');
    links.push(await on.page.locator('#fresh-link').inputValue());
  }
  await on.context.clearCookies({ name: 'parvaneh' });
  for (const [no, link] of links.entries()) {
    await on.open('/inquiry', 'without a login');
    await on.fill('#link', link);
    await on.press('#linked button.main', `asked by link ${no}`, 'form[action="/inquiry/answer"]');
    await on.check('[name=answer][value=positive]');
    await on.fill('#reference', `1403/${70 + no}`);
    await on.press('form[action="/inquiry/answer"] button.main', `answered by link ${no}`, '[role=status]:has-text("✓")');
  }
}

// The province examines, each on his own desk.
async function examine(on, id) {
  await takes(on, id, 'county_officer');
  await on.press('.case-do a[href$="/do/act.forward"]', 'forward', '#doing form');
  await on.attach('[id="p.complete_file"]', { name: 'file.pdf', type: 'application/pdf', bytes: PDF });
  await doIt(on, 'forwarded');
  await takes(on, id, 'secretariat');
  await does(on, id, 'act.refer');
  await takes(on, id, 'security_officer');
  await does(on, id, 'act.eligible');
  await takes(on, id, 'specialist_deputy');
  await does(on, id, 'act.needed', { 'v.same_in_county': '2' });
}

// The commission decides in a sitting, whose day comes meanwhile.
async function decides(on, id) {
  await comeIn(on, 'secretariat', 'desk of the secretariat');
  await on.open('/sittings', 'sittings');
  await on.fill('#series-from', on.given.day);
  await on.fill('#series-time', '09:00');
  await on.fill('#place', 'Hall 1');
  await on.fill('#capacity', '5');
  await on.press('.fields button.main', 'sitting planned', '.told');
  const sitting = await on.page.locator('.listed tbody a').first().getAttribute('href');
  await on.open(`/cases/${id}`, 'before the commission');
  await on.press('.case-do .menu summary', 'more to do', '.case-do .menu[open]');
  await on.press('.case-do a[href*="/do/agenda."]', 'agenda', '#doing form');
  await doIt(on, 'on the agenda');
  await on.open(sitting, 'its agenda');
  await on.sees('.items', on.run.language === 'fa' ? 'خیریهٔ مهر' : 'kindness');
  await on.press('aside.sandbox button[value="10"]', 'when it sits', 'form[action$="/minutes"]');

  for (const member of ['commission_member', 'second_member', 'third_member']) {
    // A vote is nobody's to take: every member has his own.
    await comeIn(on, member, `desk of ${member}`);
    await on.open('/worklist', `worklist of ${member}`);
    await on.lacks('.rows .claim');
    await on.press(`a.case[href="/cases/${id}"]`, `case of ${member}`, 'article.case');
    await on.press('a[href$="/do/vote"]', `vote of ${member}`, '#doing form');
    await on.check('input[name=vote][value=for]');
    await doIt(on, `voted by ${member}`);
  }
  await comeIn(on, 'secretariat', 'secretariat again');
  await on.open(sitting, 'sitting of today');
  await on.fill('#minutes', '31');
  await on.press('form[action$="/minutes"] button.main', 'held', '.told');
  await on.press(`.items a[href="/cases/${id}"]`, 'to be decided', 'article.case');
  await on.press('a[href$="/do/act.approved"]', 'approve', '#doing form');
  await doIt(on, 'granted');
}

export default async function licence(on) {
  const fa = on.run.language === 'fa';
  const id = await applies(on);
  await receives(on, id);
  await answer(on, id);
  await examine(on, id);
  await decides(on, id);

  await comeIn(on, on.given.applicant, 'mine', /\/my$/);
  await on.sees('.mine-cases', fa ? 'صدور پروانه' : 'granted');
  const number = await on.words('.procedures bdi.code');
  await on.press(`a[href="/my/${id}"]`, 'granted to me', 'article.public');
  await on.sees('.procedures', number);
  await on.sees('.procedures', fa ? 'معتبر' : 'in force');
  await on.press('a[href$="/timeline"]', 'its story', 'ol.story');
  // On paper there is what he shows others, without what he presses.
  await on.open(`/my/${id}`, 'to print');
  await on.page.emulateMedia({ media: 'print' });
  await on.sees('.procedures', number);
  for (const bar of ['nav.side', 'aside.sandbox', '.procedures .button']) {
    if (await on.page.locator(bar).first().isVisible()) throw new Error(`${bar} is on paper`);
  }
  await on.page.emulateMedia({ media: null });

  // Anybody who has the paper before him sees that it is in force.
  await on.context.clearCookies({ name: 'parvaneh' });
  await on.open('/login', 'out');
  await on.press('a[href="/check"]', 'check', '#number');
  await on.fill('#number', number.slice(0, -1));
  await on.press('main button.main', 'no such number', '#faults', { status: 404 });
  await on.fill('#number', number.toLowerCase().replaceAll('-', ' '));
  await on.press('main button.main', 'checked', 'dl.times');
  await on.sees('p.state', fa ? 'معتبر' : 'in force');
  await on.lacks('main a[href^="/my"], main a[href^="/cases"]');
}
