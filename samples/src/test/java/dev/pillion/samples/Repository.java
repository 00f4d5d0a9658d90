// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/** The source tree that these tests run in, as its files say. */
final class Repository {
  static final Path ROOT = root();
  private static final Set<String> NOT_OURS =
      Set.of("target", ".git", "node_modules", ".venv", "data");
  private static final Set<String> UNPUBLISHED =
      Set.of("samples", "benchmarks", "polyglot", "test-servers", "test-servers/kafka");

  private Repository() {}

  /** One dependency as the module itself declares it. */
  record Dependency(String group, String artifact, String scope) {
    boolean isOurs() {
      return group.equals("dev.pillion");
    }

    boolean isForTests() {
      return scope.equals("test");
    }
  }

  /** One module; {@code path} has slashes on every system. */
  record Module(
      String path,
      String artifact,
      String version,
      String packaging,
      String name,
      String description,
      String packageName,
      List<Dependency> dependencies) {
    /** Whether users may depend on it. */
    boolean isPublished() {
      return packaging.equals("jar") && !UNPUBLISHED.contains(path);
    }
  }

  static Path root() {
    var folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("no folder above this one has .mvn");
      }
    }
    return folder;
  }

  /** The modules that the root POM names, in its order. */
  static List<Module> modules() {
    var modules = new ArrayList<Module>();
    for (var module : children(child(pom(""), "modules"), "module")) {
      modules.add(module(module.getTextContent()));
    }
    return modules;
  }

  static List<Module> published() {
    return modules().stream().filter(Module::isPublished).toList();
  }

  static Module module(String path) {
    var pom = pom(path);
    var dependencies = new ArrayList<Dependency>();
    var places = new ArrayList<Element>(List.of(pom, child(pom, "dependencyManagement")));
    places.addAll(children(child(pom, "profiles"), "profile"));
    for (var place : places) {
      for (var dependency : children(child(place, "dependencies"), "dependency")) {
        dependencies.add(new Dependency(
            text(dependency, "groupId", ""),
            text(dependency, "artifactId", ""),
            text(dependency, "scope", "compile")));
      }
    }
    return new Module(
        path,
        text(pom, "artifactId", ""),
        text(pom, "version", text(child(pom, "parent"), "version", "")),
        text(pom, "packaging", "jar"),
        text(pom, "name", ""),
        text(pom, "description", ""),
        text(child(pom, "properties"), "module.package", ""),
        dependencies);
  }

  /** What the module itself sets this property to; empty when it does not. */
  static String property(String path, String name) {
    return text(child(pom(path), "properties"), name, "");
  }

  /** All files that belong to the project, relative to its root. */
  static List<Path> files() {
    try (Stream<Path> all = Files.walk(ROOT)) {
      return all.filter(Files::isRegularFile)
          .map(ROOT::relativize)
          .filter(path -> Stream.iterate(path, up -> up != null, Path::getParent)
              .noneMatch(up -> NOT_OURS.contains(up.getFileName().toString())))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<String> lines(Path path) {
    try {
      return Files.readAllLines(ROOT.resolve(path));
    } catch (IOException e) {
      throw new UncheckedIOException(path.toString(), e);
    }
  }

  private static Element pom(String path) {
    var file = ROOT.resolve(path).resolve("pom.xml");
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(file.toFile())
          .getDocumentElement();
    } catch (Exception e) {
      throw new IllegalStateException(file.toString(), e);
    }
  }

  /** The child of that name; an empty element when there is none. */
  private static Element child(Element parent, String name) {
    return children(parent, name).stream()
        .findFirst()
        .orElseGet(() -> parent.getOwnerDocument().createElement(name));
  }

  private static List<Element> children(Element parent, String name) {
    var found = new ArrayList<Element>();
    for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element element && element.getTagName().equals(name)) {
        found.add(element);
      }
    }
    return found;
  }

  private static String text(Element parent, String name, String otherwise) {
    var found = children(parent, name);
    return found.isEmpty() ? otherwise : found.get(0).getTextContent().strip();
  }
}
