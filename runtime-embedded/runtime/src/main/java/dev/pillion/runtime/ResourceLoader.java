// SPDX-License-Identifier: Apache-2.0
package dev.pillion.runtime;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;

/**
 * Reads folders of Dapr's resources as Dapr does: each folder without its subfolders, files in the
 * order of their names, several documents a file. Unlike Dapr it takes no broken document for a
 * warning: every problem is collected.
 */
final class ResourceLoader {
  private static final Logger log = LoggerFactory.getLogger(ResourceLoader.class);
  private static final LoadSettings SETTINGS = LoadSettings.builder()
      .setCodePointLimit(4 * 1024 * 1024)
      .setMaxAliasesForCollections(50)
      .setAllowDuplicateKeys(false)
      .build();

  private final String appId;
  private final String namespace;
  private final List<String> problems;
  private final Map<String, ComponentDocument> byName = new HashMap<>();
  private final List<ComponentDocument> documents = new ArrayList<>();

  ResourceLoader(String appId, String namespace, List<String> problems) {
    this.appId = appId;
    this.namespace = namespace;
    this.problems = problems;
  }

  /** The components of this app in load order. */
  List<ComponentDocument> documents() {
    return documents;
  }

  void load(Path folder) {
    List<Path> files;
    try (var listed = Files.list(folder)) {
      files = listed.filter(ResourceLoader::isYaml).sorted().toList();
    } catch (IOException e) {
      problems.add("the resources folder \"%s\" can't be read: %s"
          .formatted(folder, Files.exists(folder) ? e.getMessage() : "there is no such folder"));
      return;
    }
    files.forEach(this::loadFile);
  }

  private static boolean isYaml(Path file) {
    var name = file.getFileName().toString().toLowerCase(Locale.ROOT);
    return Files.isRegularFile(file) && (name.endsWith(".yaml") || name.endsWith(".yml"));
  }

  private void loadFile(Path file) {
    try (var in = Files.newBufferedReader(file)) {
      for (Node node : new Compose(SETTINGS).composeAllFromReader(in)) {
        read(file, node);
      }
    } catch (MarkedYamlEngineException e) {
      var line = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(0);
      problems.add("%s:%d: not valid YAML: %s".formatted(file, line, e.getProblem()));
    } catch (YamlEngineException e) {
      problems.add("%s: not valid YAML: %s".formatted(file, firstLine(e)));
    } catch (IOException e) {
      problems.add("%s: can't be read as UTF-8 text: %s".formatted(file, firstLine(e)));
    }
  }

  private static String firstLine(Exception e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
  }

  private void read(Path file, Node node) {
    var document = YamlDocument.of(file, node, problems);
    if (document == null || !document.text("apiVersion").orElse("").startsWith("dapr.io/")) {
      return;
    }
    var kind = document.text("kind").orElse("");
    if (!kind.equals("Component")) {
      log.warn(
          "{}: {} documents are not read by this version, it has no effect",
          document.source(),
          kind);
      return;
    }
    if (!document.text("apiVersion").orElse("").equals("dapr.io/v1alpha1")) {
      problems.add("%s: apiVersion must be dapr.io/v1alpha1".formatted(document.source()));
      return;
    }
    var component = document.component();
    if (component == null || isForeign(document)) {
      return;
    }
    var first = byName.putIfAbsent(component.name(), component);
    if (first != null) {
      problems.add("%s: there is a component of that name at %s already"
          .formatted(component.describe(), first.source()));
      return;
    }
    documents.add(component);
  }

  /** Another namespace, or scopes without this app. */
  private boolean isForeign(YamlDocument document) {
    var theirs = document.namespace();
    if (!namespace.isEmpty() && !theirs.isEmpty() && !namespace.equals(theirs)) {
      log.debug("{} is for the namespace \"{}\"", document.source(), theirs);
      return true;
    }
    var scopes = document.scopes();
    if (!scopes.isEmpty() && !scopes.contains(appId)) {
      log.debug("{} is for the apps {}", document.source(), scopes);
      return true;
    }
    return false;
  }
}
