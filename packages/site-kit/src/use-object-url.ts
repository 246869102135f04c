import { useEffect, useState } from 'preact/hooks'

/** An address of `blob` for an element, as long as the component shows it; undefined before the first effect. */
export function useObjectUrl(blob: Blob): string | undefined {
  const [address, setAddress] = useState<string>()
  useEffect(() => {
    const made = URL.createObjectURL(blob)
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [blob])
  return address
}
