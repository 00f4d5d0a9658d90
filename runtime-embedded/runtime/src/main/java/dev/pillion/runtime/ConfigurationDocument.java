// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.invocation.AccessPolicy;
import org.jspecify.annotations.Nullable;

/**
 * What counts here of one Configuration document.
 *
 * @param source where it stands
 * @param access who may call; null when it does not say
 * @param resolver the name resolver; null when it names none
 */
record ConfigurationDocument(
    String source, @Nullable AccessPolicy access, @Nullable ComponentDocument resolver) {}
