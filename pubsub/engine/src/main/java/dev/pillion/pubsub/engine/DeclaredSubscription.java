// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import dev.pillion.pubsub.SubscriptionDeclaration;
import java.util.List;

/**
 * What a subscription resource says, and where.
 *
 * @param declaration what it says
 * @param source where it stands: file and line
 * @param rulePlaces where each of its routing rules stands; the resource's place goes for what is
 *     missing here
 */
public record DeclaredSubscription(
    SubscriptionDeclaration declaration, String source, List<String> rulePlaces) {
  /** Copies. */
  public DeclaredSubscription {
    rulePlaces = List.copyOf(rulePlaces);
  }

  String name() {
    return "\"%s\" at %s".formatted(declaration.name(), source);
  }

  /** How a message about it begins. */
  String describe() {
    return "%s: subscription \"%s\": ".formatted(source, declaration.name());
  }

  /** How a message about one of its rules begins. */
  String describe(int rule) {
    return "%s: subscription \"%s\": "
        .formatted(rule < rulePlaces.size() ? rulePlaces.get(rule) : source, declaration.name());
  }
}
