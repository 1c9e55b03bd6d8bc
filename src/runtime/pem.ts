/** Certificates and keys as text (PEM), as operators give them for TLS. */
import { createPrivateKey, X509Certificate } from 'node:crypto'

export type PemKind = 'certificates' | 'key'

/** @returns what is wrong with it, without any of its content; undefined when it is as it should be. */
export function pemProblem(kind: PemKind, text: string): string | undefined {
  return kind === 'certificates' ? certificatesProblem(text) : keyProblem(text)
}

/** The certificates of a PEM text, in its order. @throws when one cannot be read. */
export function certificatesOf(text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  return blocks.map(block => new X509Certificate(block))
}

/** Whether the key is that of the first certificate, which is the owner's; those after it lead to the CA. */
export function isKeyOf(key: string, certificates: string): boolean {
  return certificatesOf(certificates)[0]!.checkPrivateKey(createPrivateKey(key))
}

function certificatesProblem(text: string): string | undefined {
  try {
    const begun = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/g)?.length ?? 0
    const read = certificatesOf(text).length
    if (begun === 0) return 'there is no "-----BEGIN CERTIFICATE-----" in it'
    return read === begun ? undefined : 'a certificate in it is cut off'
  } catch {
    return 'a certificate in it cannot be read'
  }
}

function keyProblem(text: string): string | undefined {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return 'there is no "-----BEGIN PRIVATE KEY-----" in it'
  if (/-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text)) {
    return 'it is encrypted; decrypt it (openssl pkey) and let only its owner read the file'
  }
  try {
    createPrivateKey(text)
    return undefined
  } catch {
    return 'it cannot be read'
  }
}
