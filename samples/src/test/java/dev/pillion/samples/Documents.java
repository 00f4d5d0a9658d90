// SPDX-License-Identifier: Apache-2.0
package dev.pillion.samples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The project's Markdown pages, and what stands in them. */
final class Documents {
  static final Path ROOT = root();
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```$");

  private Documents() {}

  private static Path root() {
    var folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve(".mvn"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("no folder above this one has .mvn");
      }
    }
    return folder;
  }

  /** README, CONTRIBUTING and everything below docs, from the root. */
  static List<Path> pages() {
    var pages = new ArrayList<>(List.of(Path.of("README.md"), Path.of("CONTRIBUTING.md")));
    pages.addAll(files("docs", ".md"));
    return pages;
  }

  /** The files below a folder whose names end so, from the root, in order; build output aside. */
  static List<Path> files(String folder, String ending) {
    try (Stream<Path> all = Files.walk(ROOT.resolve(folder))) {
      return all.map(ROOT::relativize)
          .filter(path -> path.toString().endsWith(ending))
          .filter(path -> Stream.of("target", "node_modules")
              .noneMatch(name -> Stream.iterate(path, up -> up != null, Path::getParent)
                  .anyMatch(up -> up.endsWith(name))))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String text(Path page) {
    try {
      return Files.readString(ROOT.resolve(page)).replace("\r\n", "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(page.toString(), e);
    }
  }

  /** The fenced blocks in a language, in order. */
  static List<String> blocks(String text, String language) {
    return BLOCK
        .matcher(text)
        .results()
        .filter(block -> block.group(1).equals(language))
        .map(block -> block.group(2))
        .toList();
  }

  static String withoutBlocks(String text) {
    return BLOCK.matcher(text).replaceAll("");
  }

  /** The first group of every match. */
  static List<String> all(String regex, String text) {
    return Pattern.compile(regex)
        .matcher(text)
        .results()
        .map((MatchResult match) -> match.group(1))
        .toList();
  }
}
