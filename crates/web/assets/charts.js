// Draws charts from the tables that stand in the page: the table says everything, the drawing shows it. Colours and
// patterns are the style's. Time runs from left to right in every language.
(() => {
  const { select, scaleBand, scaleLinear, geoMercator, geoPath } = d3;

  const rows = (chart) => [...document.querySelectorAll(`#${chart.dataset.table} tbody tr`)].map((row) => row.dataset);

  const drawing = (chart, width, height) =>
    select(chart)
      .insert('svg', ':first-child')
      .attr('viewBox', `0 0 ${width} ${height}`)
      .attr('role', 'img')
      .attr('aria-label', chart.dataset.title);

  // Months as columns: what was decided on time, on it what was decided late, hatched; the year before stands behind, wider.
  function columns(chart) {
    const months = rows(chart).map((row) => ({
      name: row.label,
      told: row.told,
      onTime: Number(row.onTime),
      late: Number(row.late),
      before: Number(row.before),
    }));
    // A phone gets a drawing of its own width, so that what stands in it can be read.
    const narrow = matchMedia('(max-width: 760px)').matches;
    const [width, height, top, bottom] = narrow ? [390, 220, 24, 196] : [960, 260, 24, 232];
    const x = scaleBand().domain(months.map((month) => month.name)).range([0, width]).padding(0.18);
    const most = Math.max(1, ...months.map((month) => Math.max(month.onTime + month.late, month.before)));
    const y = scaleLinear().domain([0, most]).range([bottom, top]);
    const svg = drawing(chart, width, height);
    const hatch = svg.append('defs').append('pattern').attr('id', 'hatch-columns');
    hatch.attr('width', 6).attr('height', 6).attr('patternUnits', 'userSpaceOnUse');
    hatch.append('rect').attr('class', 'late').attr('width', 6).attr('height', 6);
    hatch.append('path').attr('class', 'hatch-line').attr('d', 'M-1 1l2-2M0 6l6-6M5 7l2-2');
    const bar = (kind, inset, from, to) =>
      svg
        .append('g')
        .selectAll('rect')
        .data(months)
        .join('rect')
        .attr('class', kind)
        .attr('x', (month) => x(month.name) + inset)
        .attr('width', Math.max(1, x.bandwidth() - 2 * inset))
        .attr('y', (month) => y(to(month)))
        .attr('height', (month) => y(from(month)) - y(to(month)));
    const inset = x.bandwidth() / 6;
    bar('before', 0, () => 0, (month) => month.before);
    bar('on-time', inset, () => 0, (month) => month.onTime);
    bar('late', inset, (month) => month.onTime, (month) => month.onTime + month.late).attr('fill', 'url(#hatch-columns)');
    svg.append('line').attr('class', 'base').attr('x2', width).attr('y1', bottom).attr('y2', bottom);
    const text = (kind, at, of) =>
      svg
        .append('g')
        .selectAll('text')
        .data(months)
        .join('text')
        .attr('class', kind)
        .attr('x', (month) => x(month.name) + x.bandwidth() / 2)
        .attr('y', at)
        .text(of);
    // Twelve names do not stand beside each other on a phone: every third does.
    text('', height - 8, (month, place) => (narrow && place % 3 ? '' : month.name));
    if (!narrow) text('', (month) => y(Math.max(month.onTime + month.late, month.before)) - 6, (month) => month.told);
    // The years are named once, at their first columns.
    const first = months.find((month) => month.before > 0);
    if (first && !narrow) {
      svg
        .append('text')
        .attr('class', 'quiet-text')
        .attr('x', x(first.name) + x.bandwidth() / 2)
        .attr('y', Math.min(y(first.before) + 14, bottom - 4))
        .text(chart.dataset.before);
    }
  }

  // The provinces, each in the colour and the pattern of how its rate stands to the target; grey where there is none.
  async function map(chart) {
    const known = new Map(rows(chart).map((row) => [row.code, row]));
    const answer = await fetch(chart.dataset.outlines);
    if (!answer.ok) return;
    const outlines = await answer.json();
    const [width, height] = [560, 520];
    const path = geoPath(geoMercator().fitSize([width, height], outlines));
    const svg = drawing(chart, width, height);
    const defs = svg.append('defs');
    const pattern = (id, lines) => {
      const made = defs.append('pattern').attr('id', id).attr('width', 8).attr('height', 8);
      made.attr('patternUnits', 'userSpaceOnUse').append('path').attr('class', 'over-line').attr('d', lines);
    };
    pattern('hatch-near', 'M-2 2l4-4M0 8l8-8M6 10l4-4');
    pattern('hatch-late', 'M-2 2l4-4M0 8l8-8M6 10l4-4M-2 6l4 4M0 0l8 8M6-2l4 4');
    const places = svg.selectAll('g.place').data(outlines.features).join('g');
    places.attr('class', ({ properties }) => `place ${known.get(properties.code)?.standing ?? ''}`);
    places.append('path').attr('d', path);
    places.append('path').attr('class', 'over').attr('d', path);
    places.append('title').text(({ properties }) => {
      const place = known.get(properties.code);
      return place ? `${place.label}: ${place.told || chart.dataset.nothing}` : '';
    });
    svg
      .append('g')
      .selectAll('text')
      .data(outlines.features)
      .join('text')
      .attr('transform', (outline) => `translate(${path.centroid(outline)})`)
      .text(({ properties }) => known.get(properties.code)?.told ?? '');
  }

  const draws = { columns, map };
  for (const chart of document.querySelectorAll('[data-chart]')) {
    chart.hidden = false;
    draws[chart.dataset.chart](chart);
  }
})();
