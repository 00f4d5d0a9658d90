// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

/**
 * The bytes of a value that is to be stored.
 *
 * @param bytes what a later read must return: the same bytes, or equal JSON where the store
 *     normalises JSON
 * @param isJson whether they are a JSON text, which stores with a JSON column keep as such;
 *     otherwise they are opaque
 */
@SuppressWarnings("ArrayRecordComponent")
public record StateValue(byte[] bytes, boolean isJson) {}
