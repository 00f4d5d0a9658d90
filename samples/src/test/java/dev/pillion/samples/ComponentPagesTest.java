// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import static org.assertj.core.api.Assertions.assertThat;

import dev.pillion.call.CallChain;
import dev.pillion.component.ComponentMetadata;
import dev.pillion.component.ComponentProvider;
import dev.pillion.component.ComponentSpec;
import dev.pillion.pubsub.engine.PubSubEngine;
import dev.pillion.runtime.JsonSerializer;
import dev.pillion.state.engine.StateEngine;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Each component's page lists the settings that its code knows, all of them and no others, as far
 * as the component's artifact is on the class path of this module.
 */
class ComponentPagesTest {
  private static final String UNKNOWN = "is not a setting of this component";

  @TestFactory
  Stream<DynamicTest> pagesListTheSettingsOfTheirComponents() {
    return ServiceLoader.load(ComponentProvider.class).stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> Files.exists(Documents.ROOT.resolve(page(provider.type()))))
        .map(provider -> DynamicTest.dynamicTest(provider.type(), () -> check(provider)));
  }

  private static Path page(String type) {
    return Path.of("docs", "components", type + ".md");
  }

  private static void check(ComponentProvider provider) throws ReflectiveOperationException {
    var page = Documents.text(page(provider.type()));
    Set<String> known = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    for (String version : provider.versions()) {
      var metadata = ComponentMetadata.of(Map.of());
      provider.create(spec(provider.type(), version, metadata));
      known.addAll(known(metadata));
    }
    assertThat(new TreeSet<>(listed(page)))
        .as("settings in the tables of the page")
        .allMatch(known::contains);
    var named = new TreeSet<String>(String.CASE_INSENSITIVE_ORDER);
    named.addAll(Documents.all("`([^`\\n]+)`", Documents.withoutBlocks(page)));
    assertThat(known).as("settings that the code knows").allMatch(named::contains);
  }

  @Test
  void thePageOfStateStoresListsTheSettingsOfAll() throws ReflectiveOperationException {
    var page = Documents.text(page("state"));
    var metadata = ComponentMetadata.of(Map.of());
    new StateEngine("app", "", new JsonSerializer(), CallChain.of(List.of()))
        .check("store", metadata);
    assertThat(new HashSet<>(listed(page)))
        .containsExactlyInAnyOrderElementsOf(new HashSet<>(known(metadata)));
  }

  @Test
  void thePageOfPubSubsListsTheSettingsOfAll() throws ReflectiveOperationException {
    var metadata = ComponentMetadata.of(Map.of());
    PubSubEngine.check(metadata);
    assertThat(new HashSet<>(listed(Documents.text(page("pubsub")))))
        .containsExactlyInAnyOrderElementsOf(new HashSet<>(known(metadata)));
  }

  @Test
  void aSettingThatIsNotListedIsOneThatIsRefused() {
    var metadata = ComponentMetadata.of(Map.of("nobodyKnowsThis", "x"));
    assertThat(metadata.problems()).singleElement().asString().contains(UNKNOWN);
  }

  @Test
  void everyTypeHasAPage() throws Exception {
    var types = new Properties();
    types.load(new StringReader(Documents.text(Path.of(
        "runtime-embedded/runtime/src/main/resources/dev/pillion/runtime/artifacts.properties"))));
    var pages = new StringBuilder();
    Documents.files("docs/components", ".md").forEach(page -> pages.append(Documents.text(page)));
    var missing = new ArrayList<String>();
    for (String type : types.stringPropertyNames()) {
      if (!Files.exists(Documents.ROOT.resolve(page(type)))
          && pages.indexOf("`" + type + "`") < 0) {
        missing.add(type);
      }
    }
    assertThat(missing).as("types without a page, and that no page names").isEmpty();
  }

  private static ComponentSpec spec(String type, String version, ComponentMetadata metadata) {
    return new ComponentSpec("c", type, version, metadata, Duration.ofSeconds(5), false);
  }

  /** What stands in backticks in the first cells of the tables below headings "Settings …". */
  private static List<String> listed(String page) {
    var names = new ArrayList<String>();
    boolean settings = false;
    for (String line : page.lines().toList()) {
      if (line.startsWith("#")) {
        settings = line.contains("Settings");
      } else if (settings && line.startsWith("| `")) {
        names.addAll(Documents.all("`([^`]+)`", line.substring(0, line.indexOf(" |", 1))));
      }
    }
    return names;
  }

  /** Nobody but this test wants to know; programs are told what is unknown. */
  @SuppressWarnings("unchecked")
  private static Set<String> known(ComponentMetadata metadata) throws ReflectiveOperationException {
    var field = ComponentMetadata.class.getDeclaredField("known");
    field.setAccessible(true);
    return (Set<String>) field.get(metadata);
  }
}
