import cv2
import numpy as np

from segment.components import drop_misfits, find_components, split_rulings, typical_height


def test_components_with_their_boxes() -> None:
    ink = np.zeros((6, 8), bool)
    ink[1:3, 1:4] = True
    ink[3, 4] = True  # touches by a corner
    ink[5, 7] = True
    found = find_components(ink)
    assert len(found) == 2
    assert (found.left.tolist(), found.top.tolist()) == ([1, 7], [1, 5])
    assert (found.width.tolist(), found.height.tolist()) == ([4, 1], [3, 1])
    assert found.area.tolist() == [7, 1]
    assert found.labels[3, 4] == found.labels[1, 1] == 1


def test_a_blank_page_has_no_components() -> None:
    assert len(find_components(np.zeros((4, 4), bool))) == 0
    assert typical_height(find_components(np.zeros((4, 4), bool))) == 0.0


def test_typical_height_is_not_set_by_specks() -> None:
    ink = np.zeros((200, 300), bool)
    ink[::10, ::10] = True
    for x in range(10, 250, 20):
        ink[50:62, x : x + 8] = True
    assert typical_height(find_components(ink)) == 12.0


def test_rulings_go_and_the_strokes_across_them_stay() -> None:
    ink = np.zeros((200, 300), bool)
    ink[100:102, 10:290] = True
    ink[90:112, 50:53] = True
    ink[10:190, 250:252] = True
    plain, across, down = split_rulings(ink, 10.0)
    assert across[100:102, 60:240].all()
    assert down[20:90, 250:252].all()
    assert plain[90:112, 50:53].all()
    assert not plain[:, 100:240].any()


def test_a_joined_word_of_small_letters_is_no_ruling_but_a_thick_dash_is() -> None:
    ink = np.zeros((80, 200), np.uint8)
    ink[27:30, 20:80] = 1
    for left in range(20, 80, 6):
        ink[21:30, left : left + 3] = 1
    cv2.line(ink, (20, 60), (80, 63), 1, 5)
    word, dash = ink.astype(bool), ink.astype(bool)
    word[45:], dash[:45] = False, False
    plain, across, _ = split_rulings(word | dash, 10.0)
    assert np.array_equal(plain, word)
    assert np.array_equal(across, dash)


def test_misfits_go_and_letters_stay() -> None:
    ink = np.zeros((300, 300), bool)
    ink[10:210, 10:210] = True  # a photograph
    ink[250:260, 100:106] = True  # a letter
    ink[280, 280] = True  # a speck
    kept = drop_misfits(ink, 10.0)
    assert kept[250:260, 100:106].all()
    assert kept.sum() == 60
