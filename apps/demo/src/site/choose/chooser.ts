let open: () => void = () => {}

/** Called by the bar: how the dialog of models and backends is opened. */
export function provideChooser(how: () => void): void {
  open = how
}

/** Open the dialog of models and backends, for a view that would have another one. */
export function openChooser(): void {
  open()
}
