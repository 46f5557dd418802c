// Opens pages one after the other, as the plan names them: `given` is [{ path, name, status }].

export default async function pages(on) {
  for (const { path, name, status } of on.given) await on.open(path, name, { status });
}
