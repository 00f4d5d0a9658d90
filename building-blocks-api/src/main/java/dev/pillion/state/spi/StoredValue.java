// SPDX-License-Identifier: Apache-2.0
package dev.pillion.state.spi;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A value as a store returns it. The array is fresh and belongs to the receiver, unless the store
 * {@link SharesStoredValues}.
 *
 * @param bytes the value's bytes as they were saved
 * @param etag the etag; empty where the value has none
 * @param expiresAt when it goes by itself; null for never or unknown
 */
// A record may hold an array here: it is carried, never compared.
@SuppressWarnings("ArrayRecordComponent")
public record StoredValue(
    byte[] bytes, String etag, @Nullable Instant expiresAt) {}
