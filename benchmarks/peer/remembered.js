// A bounded memory of what was looked up, for a minute: the eldest goes first.

const KEPT_MS = 60_000
const AT_MOST = 10_000

export class Remembered {
  #entries = new Map()

  constructor(isKept) {
    this.isKept = isKept
  }

  get(key) {
    const entry = this.#entries.get(key)
    return entry !== undefined && entry.until > Date.now() ? entry.value : undefined
  }

  set(key, value) {
    if (!this.isKept) return value
    this.#entries.set(key, { value, until: Date.now() + KEPT_MS })
    if (this.#entries.size > AT_MOST) this.#entries.delete(this.#entries.keys().next().value)
    return value
  }
}
