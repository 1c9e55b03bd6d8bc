/**
 * This database will not do until a person changes something, here or in the settings; to try again is of no use. The
 * message says what.
 */
export class UnfitDatabase extends Error {}

/** A newer version has been here, and has changed the tables. */
export class NewerDatabase extends UnfitDatabase {}
