/** The files that were chosen in `input`, which can be given the same ones again afterwards. */
export function takeFiles(input: HTMLInputElement): readonly File[] {
  const files = [...(input.files ?? [])]
  input.value = ''
  return files
}
