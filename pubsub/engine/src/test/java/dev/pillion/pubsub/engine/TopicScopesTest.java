// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.component.ComponentMetadata;
import dev.pillion.pubsub.TopicForbiddenException;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TopicScopesTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "-           | -             | -     | a | true",
        "shop=a,b    | -             | -     | a | true",
        "shop=a,b    | -             | -     | c | false",
        "shop = a, b | -             | -     | b | true",
        "other=a     | -             | -     | c | true",
        "shop=       | -             | -     | a | false",
        "shop        | -             | -     | a | true",
        "-           | a,b           | -     | a | true",
        "-           | a,b           | -     | c | false",
        "shop=c      | a,b           | -     | c | false",
        "-           | -             | a     | a | false",
        "-           | -             | a     | b | true",
        "shop=a      | -             | a     | a | true",
        "other=a     | -             | a     | a | false",
        "shop=A      | -             | -     | a | false",
        "shop=a=b    | -             | -     | b | false",
        "o=x;shop=a  | -             | -     | a | true",
      })
  void aTopicIsOpenAsTheSettingsSay(
      String scopes, String allowed, String protectedTopics, String topic, boolean open) {
    assertThat(isOpen("publishingScopes", scopes, allowed, protectedTopics, topic))
        .as("publishing")
        .isEqualTo(open);
    assertThat(isOpen("subscriptionScopes", scopes, allowed, protectedTopics, topic))
        .as("subscribing")
        .isEqualTo(open);
  }

  private static boolean isOpen(
      String setting, String scopes, String allowed, String protectedTopics, String topic) {
    var settings = new java.util.HashMap<String, String>();
    put(settings, setting, scopes);
    put(settings, "allowedTopics", allowed);
    put(settings, "protectedTopics", protectedTopics);
    var of = TopicScopes.of("bus", "shop", ComponentMetadata.of(Map.copyOf(settings)));
    try {
      if (setting.equals("publishingScopes")) {
        of.requirePublishing(topic);
      } else {
        of.requireSubscribing(topic);
      }
      return true;
    } catch (TopicForbiddenException e) {
      assertThat(e).hasMessageContaining(topic).hasMessageContaining("shop");
      return false;
    }
  }

  private static void put(
      Map<String, String> settings, String key, @org.jspecify.annotations.Nullable String value) {
    if (value != null) {
      settings.put(key, value);
    }
  }
}
