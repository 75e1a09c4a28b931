package template

import (
	"strings"
	"sync"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/af"
	"github.com/go-playground/locales/am"
	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/az"
	"github.com/go-playground/locales/be"
	"github.com/go-playground/locales/bg"
	"github.com/go-playground/locales/bn"
	"github.com/go-playground/locales/bs"
	"github.com/go-playground/locales/ca"
	"github.com/go-playground/locales/cs"
	"github.com/go-playground/locales/cy"
	"github.com/go-playground/locales/da"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/de_AT"
	"github.com/go-playground/locales/el"
	"github.com/go-playground/locales/en"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/es_MX"
	"github.com/go-playground/locales/et"
	"github.com/go-playground/locales/eu"
	"github.com/go-playground/locales/fa"
	"github.com/go-playground/locales/fi"
	"github.com/go-playground/locales/fil"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/fr_CA"
	"github.com/go-playground/locales/ga"
	"github.com/go-playground/locales/gl"
	"github.com/go-playground/locales/gu"
	"github.com/go-playground/locales/ha"
	"github.com/go-playground/locales/he"
	"github.com/go-playground/locales/hi"
	"github.com/go-playground/locales/hr"
	"github.com/go-playground/locales/hu"
	"github.com/go-playground/locales/hy"
	"github.com/go-playground/locales/id"
	"github.com/go-playground/locales/is"
	"github.com/go-playground/locales/it"
	"github.com/go-playground/locales/ja"
	"github.com/go-playground/locales/ka"
	"github.com/go-playground/locales/kk"
	"github.com/go-playground/locales/km"
	"github.com/go-playground/locales/kn"
	"github.com/go-playground/locales/ko"
	"github.com/go-playground/locales/lo"
	"github.com/go-playground/locales/lt"
	"github.com/go-playground/locales/lv"
	"github.com/go-playground/locales/mk"
	"github.com/go-playground/locales/ml"
	"github.com/go-playground/locales/mn"
	"github.com/go-playground/locales/mr"
	"github.com/go-playground/locales/ms"
	"github.com/go-playground/locales/my"
	"github.com/go-playground/locales/nb"
	"github.com/go-playground/locales/ne"
	"github.com/go-playground/locales/nl"
	"github.com/go-playground/locales/pa"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/ps"
	"github.com/go-playground/locales/pt"
	"github.com/go-playground/locales/pt_PT"
	"github.com/go-playground/locales/ro"
	"github.com/go-playground/locales/ru"
	"github.com/go-playground/locales/si"
	"github.com/go-playground/locales/sk"
	"github.com/go-playground/locales/sl"
	"github.com/go-playground/locales/so"
	"github.com/go-playground/locales/sq"
	"github.com/go-playground/locales/sr"
	"github.com/go-playground/locales/sv"
	"github.com/go-playground/locales/sw"
	"github.com/go-playground/locales/ta"
	"github.com/go-playground/locales/te"
	"github.com/go-playground/locales/th"
	"github.com/go-playground/locales/tr"
	"github.com/go-playground/locales/uk"
	"github.com/go-playground/locales/ur"
	"github.com/go-playground/locales/uz"
	"github.com/go-playground/locales/vi"
	"github.com/go-playground/locales/zh"
	"github.com/go-playground/locales/zh_Hant"
)

// languages are those whose dates strftime can write, as Unicode's CLDR has them. Each adds 16 KB to the program, and takes memory
// once it is used.
var languages = map[string]func() locales.Translator{
	"af":      sync.OnceValue(af.New),
	"am":      sync.OnceValue(am.New),
	"ar":      sync.OnceValue(ar.New),
	"az":      sync.OnceValue(az.New),
	"be":      sync.OnceValue(be.New),
	"bg":      sync.OnceValue(bg.New),
	"bn":      sync.OnceValue(bn.New),
	"bs":      sync.OnceValue(bs.New),
	"ca":      sync.OnceValue(ca.New),
	"cs":      sync.OnceValue(cs.New),
	"cy":      sync.OnceValue(cy.New),
	"da":      sync.OnceValue(da.New),
	"de":      sync.OnceValue(de.New),
	"de-at":   sync.OnceValue(de_AT.New),
	"el":      sync.OnceValue(el.New),
	"en":      sync.OnceValue(en.New),
	"en-gb":   sync.OnceValue(en_GB.New),
	"es":      sync.OnceValue(es.New),
	"es-mx":   sync.OnceValue(es_MX.New),
	"et":      sync.OnceValue(et.New),
	"eu":      sync.OnceValue(eu.New),
	"fa":      sync.OnceValue(fa.New),
	"fi":      sync.OnceValue(fi.New),
	"fil":     sync.OnceValue(fil.New),
	"fr":      sync.OnceValue(fr.New),
	"fr-ca":   sync.OnceValue(fr_CA.New),
	"ga":      sync.OnceValue(ga.New),
	"gl":      sync.OnceValue(gl.New),
	"gu":      sync.OnceValue(gu.New),
	"ha":      sync.OnceValue(ha.New),
	"he":      sync.OnceValue(he.New),
	"hi":      sync.OnceValue(hi.New),
	"hr":      sync.OnceValue(hr.New),
	"hu":      sync.OnceValue(hu.New),
	"hy":      sync.OnceValue(hy.New),
	"id":      sync.OnceValue(id.New),
	"is":      sync.OnceValue(is.New),
	"it":      sync.OnceValue(it.New),
	"ja":      sync.OnceValue(ja.New),
	"ka":      sync.OnceValue(ka.New),
	"kk":      sync.OnceValue(kk.New),
	"km":      sync.OnceValue(km.New),
	"kn":      sync.OnceValue(kn.New),
	"ko":      sync.OnceValue(ko.New),
	"lo":      sync.OnceValue(lo.New),
	"lt":      sync.OnceValue(lt.New),
	"lv":      sync.OnceValue(lv.New),
	"mk":      sync.OnceValue(mk.New),
	"ml":      sync.OnceValue(ml.New),
	"mn":      sync.OnceValue(mn.New),
	"mr":      sync.OnceValue(mr.New),
	"ms":      sync.OnceValue(ms.New),
	"my":      sync.OnceValue(my.New),
	"nb":      sync.OnceValue(nb.New),
	"ne":      sync.OnceValue(ne.New),
	"nl":      sync.OnceValue(nl.New),
	"pa":      sync.OnceValue(pa.New),
	"pl":      sync.OnceValue(pl.New),
	"ps":      sync.OnceValue(ps.New),
	"pt":      sync.OnceValue(pt.New),
	"pt-pt":   sync.OnceValue(pt_PT.New),
	"ro":      sync.OnceValue(ro.New),
	"ru":      sync.OnceValue(ru.New),
	"si":      sync.OnceValue(si.New),
	"sk":      sync.OnceValue(sk.New),
	"sl":      sync.OnceValue(sl.New),
	"so":      sync.OnceValue(so.New),
	"sq":      sync.OnceValue(sq.New),
	"sr":      sync.OnceValue(sr.New),
	"sv":      sync.OnceValue(sv.New),
	"sw":      sync.OnceValue(sw.New),
	"ta":      sync.OnceValue(ta.New),
	"te":      sync.OnceValue(te.New),
	"th":      sync.OnceValue(th.New),
	"tr":      sync.OnceValue(tr.New),
	"uk":      sync.OnceValue(uk.New),
	"ur":      sync.OnceValue(ur.New),
	"uz":      sync.OnceValue(uz.New),
	"vi":      sync.OnceValue(vi.New),
	"zh":      sync.OnceValue(zh.New),
	"zh-hant": sync.OnceValue(zh_Hant.New),
}

// sameLanguage are other tags of some languages: older ones, and those of regions whose dates are not those of the language at large.
var sameLanguage = map[string]string{
	"in": "id", "iw": "he", "no": "nb", "nn": "nb", "tl": "fil",
	"zh-hk": "zh-hant", "zh-mo": "zh-hant", "zh-tw": "zh-hant",
	"en-au": "en-gb", "en-ie": "en-gb", "en-in": "en-gb", "en-nz": "en-gb", "en-za": "en-gb",
}

// maxTag is the length of the longest tag that is looked up, in bytes; longer ones name no language.
const maxTag = 35

// findLanguage finds the language of a tag such as "de", "pt-BR" or "zh_TW": the longest beginning of the tag that is known, nil when none is.
func findLanguage(tag string) locales.Translator {
	if len(tag) > maxTag {
		return nil
	}
	tag = strings.ReplaceAll(strings.ToLower(tag), "_", "-")
	for {
		if same, ok := sameLanguage[tag]; ok {
			tag = same
		}
		if construct, ok := languages[tag]; ok {
			return construct()
		}
		end := strings.LastIndexByte(tag, '-')
		if end < 0 {
			return nil
		}
		tag = tag[:end]
	}
}
