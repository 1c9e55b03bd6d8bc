/** What stands before and behind the rows of a COPY in binary form (PostgreSQL's documentation, COPY, "Binary Format"). */

export const copySignature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1')
/** The signature, no flags, no extension. */
export const binaryCopyStart = Buffer.concat([copySignature, Buffer.alloc(8)])
export const binaryCopyEnd = Buffer.from([0xff, 0xff])
