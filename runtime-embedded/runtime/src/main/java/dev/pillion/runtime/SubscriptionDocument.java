// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import dev.pillion.pubsub.SubscriptionDeclaration;

/**
 * One Subscription document.
 *
 * @param source where it stands
 */
record SubscriptionDocument(String source, SubscriptionDeclaration declaration) {}
